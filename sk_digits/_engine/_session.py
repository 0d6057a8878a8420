"""Compiled functions whose memory can be freed.

TensorFlow keeps what XLA compiled for an eager function until the process ends, with the graph and the
Python stack of each operation. What is compiled for a session, TensorFlow 1's way to run a graph, is freed
with the session.
"""

import ctypes
import gc
import itertools
import sys

import tensorflow as tf

# The graphs of closed sessions are referenced in cycles. A collection takes longer than closing a session.
CLOSES_PER_COLLECTION = 16
_n_closed = itertools.count(1)


class VariablesSession:
    """A session with copies of variables, on which functions run that were traced with the originals.

    The values stay in the session from one run to the next. Whoever needs them asks for `values`, whoever
    changes the variables calls `fetch` before or, where all of them are set, `forget`.

    Parameters
    ----------
    variables : list of tf.Variable
        Others that a function uses, such as an optimizer's own, are added with the function.
    """

    def __init__(self, variables):
        self._variables, self._handles, self._reads, self._placeholders = [], [], [], []
        self._graph = tf.Graph()
        threading = tf.config.threading
        config = tf.compat.v1.ConfigProto(
            intra_op_parallelism_threads=threading.get_intra_op_parallelism_threads(),
            inter_op_parallelism_threads=threading.get_inter_op_parallelism_threads(),
        )
        # XLA optimizes what it compiles; Grappler would only take time.
        config.graph_options.rewrite_options.disable_meta_optimizer = True
        self._session = tf.compat.v1.Session(graph=self._graph, config=config)
        self._initial_values = []
        self._add_variables(variables)
        self.forget()

    def _add_variables(self, variables):
        with self._graph.as_default():
            for number, variable in enumerate(variables, start=len(self._variables)):
                dtype, shape = variable.dtype, variable.shape
                handle = tf.raw_ops.VarHandleOp(dtype=dtype, shape=shape, shared_name=f"variable_{number}")
                self._variables.append(variable)
                self._handles.append(handle)
                self._reads.append(tf.raw_ops.ReadVariableOp(resource=handle, dtype=dtype))
                self._placeholders.append(tf.compat.v1.placeholder(dtype, shape))
            pairs = zip(self._handles, self._placeholders, strict=True)
            assign = tf.group(*(tf.raw_ops.AssignVariableOp(resource=h, value=v) for h, v in pairs))
        self._assign = self._session.make_callable(assign, feed_list=self._placeholders)
        self._read = self._session.make_callable(self._reads)

    def values(self, variables):
        """Return the present values of some of the variables."""
        if not self._is_ahead:
            return [variable.numpy() for variable in variables]
        if self._newest is None:
            self._newest = dict(zip(map(id, self._variables), self._read(), strict=True))
        return [self._newest[id(variable)] for variable in variables]

    def fetch(self):
        """Copy the present values to the variables, so that these can be changed."""
        if self._is_ahead:
            for variable, value in zip(self._variables, self.values(self._variables), strict=True):
                variable.assign(value)
        self.forget()

    def start_anew(self):
        """Set the variables that came with functions to what they were at first, and `forget` the rest."""
        for variable, value in self._initial_values:
            variable.assign(value)
        self.forget()

    def forget(self):
        """Copy the variables to the session before the next run, whatever the session has."""
        # Whether the session has the values of the variables; whether it has newer ones, and these once read.
        self._is_loaded, self._is_ahead, self._newest = False, False, None

    def add(self, function, specs, *, jit_compile):
        """Return a function of ndarrays that runs a concrete function here.

        Parameters
        ----------
        function : ConcreteFunction
        specs : list of TensorSpec
            Those of its arguments.
        jit_compile : bool
            Whether XLA compiles it.
        """
        known = {id(v.handle) for v in self._variables}
        others = [v for v in function.variables if id(v.handle) not in known]
        if others:
            self.fetch()
            self._add_variables(others)
            self._initial_values += [(variable, variable.numpy()) for variable in others]
        definition = function.graph.as_graph_def()
        if jit_compile:
            _keep_loops(definition)
        nodes = [node for node in definition.node if node.op != "Placeholder"]
        used = {name.lstrip("^").partition(":")[0] for node in nodes for name in node.input}
        del definition.node[:]
        definition.node.extend(nodes)
        inputs = [tensor.name for tensor in function.inputs]
        outputs = [tensor.name for tensor in function.outputs]
        effects = [operation.name for operation in function.graph.control_outputs]
        handles = {id(v.handle): h for v, h in zip(self._variables, self._handles, strict=True)}
        with self._graph.as_default():

            @tf.function(jit_compile=jit_compile, autograph=False)
            def imported(*arguments):
                pairs = zip(inputs, arguments, strict=True)
                mapping = {name: value for name, value in pairs if name.partition(":")[0] in used}
                results = tf.graph_util.import_graph_def(
                    definition, input_map=mapping, return_elements=outputs + effects, name=""
                )
                with tf.control_dependencies(results[len(outputs) :]):
                    return [tf.identity(result) for result in results[: len(outputs)]]

            arguments = [tf.compat.v1.placeholder(spec.dtype, spec.shape) for spec in specs]
            captured = [
                handles[id(tensor)] if tensor.dtype == tf.resource else tf.constant(tensor.numpy())
                for tensor in function.captured_inputs
            ]
            results = imported(*arguments, *captured)
        run = self._session.make_callable(results, feed_list=arguments)
        return lambda *arguments: self._run(run, arguments)

    def _run(self, run, arguments):
        if not self._is_loaded:
            self._assign(*(variable.numpy() for variable in self._variables))
            self._is_loaded = True
        results = run(*arguments)
        self._is_ahead, self._newest = True, None
        return results

    def close(self):
        """Free everything that was compiled."""
        self._session.close()
        if next(_n_closed) % CLOSES_PER_COLLECTION == 0:
            gc.collect()
        _return_freed_memory()


def _return_freed_memory():
    """Give freed memory back to the system; glibc would keep much of it."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


def error_text(error):
    """Return the first line of what an error of TensorFlow's reports."""
    _, _, text = error.message.rpartition("Graph execution error:")
    return text.strip().splitlines()[0]


def _keep_loops(definition):
    """Do not let a session break loops up into operations that XLA does not know."""
    nodes = [*definition.node, *(node for f in definition.library.function for node in f.node_def)]
    for node in nodes:
        if "_lower_using_switch_merge" in node.attr:
            node.attr["_lower_using_switch_merge"].b = False
