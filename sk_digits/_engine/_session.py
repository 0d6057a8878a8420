"""Compiled functions whose memory can be freed.

TensorFlow keeps what XLA compiled for an eager function until the process ends, with the graph and the
Python stack of each operation. What is compiled for a session, TensorFlow 1's way to run a graph, is freed
with the session.
"""

import ctypes
import gc
import itertools
import sys

import numpy as np
import tensorflow as tf

# The graphs of closed sessions are referenced in cycles. A collection takes longer than closing a session.
CLOSES_PER_COLLECTION = 16
_n_closed = itertools.count(1)


class VariablesSession:
    """A session with copies of some variables, on which functions run that were traced with the originals.

    Parameters
    ----------
    variables : list of tf.Variable
    """

    def __init__(self, variables):
        self._n_variables = len(variables)
        # After those of the caller come any others that a function uses, such as an optimizer's own.
        self._variables, self._handles, self._reads, self._values = [], [], [], []
        self._graph = tf.Graph()
        threading = tf.config.threading
        config = tf.compat.v1.ConfigProto(
            intra_op_parallelism_threads=threading.get_intra_op_parallelism_threads(),
            inter_op_parallelism_threads=threading.get_inter_op_parallelism_threads(),
        )
        # XLA optimizes what it compiles; Grappler would only take time.
        config.graph_options.rewrite_options.disable_meta_optimizer = True
        self._session = tf.compat.v1.Session(graph=self._graph, config=config)
        self._add_variables(variables)

    def _add_variables(self, variables):
        with self._graph.as_default():
            for number, variable in enumerate(variables, start=len(self._variables)):
                dtype, shape = variable.dtype, variable.shape
                handle = tf.raw_ops.VarHandleOp(dtype=dtype, shape=shape, shared_name=f"variable_{number}")
                self._variables.append(variable)
                self._handles.append(handle)
                self._reads.append(tf.raw_ops.ReadVariableOp(resource=handle, dtype=dtype))
                self._values.append(tf.compat.v1.placeholder(dtype, shape))
            pairs = zip(self._handles, self._values, strict=True)
            assign = tf.group(*(tf.raw_ops.AssignVariableOp(resource=h, value=v) for h, v in pairs))
        self._assign = self._session.make_callable(assign, feed_list=self._values)
        self._read = self._session.make_callable(self._reads)

    def write(self, values):
        """Set all variables."""
        self._assign(*values, *(variable.numpy() for variable in self._variables[self._n_variables :]))

    def read(self):
        """Return the values of all variables."""
        values = self._read()
        others = zip(self._variables, values, strict=True)
        for variable, value in [*others][self._n_variables :]:
            variable.assign(value)
        return values[: self._n_variables]

    def add(self, function, specs, *, jit_compile):
        """Return a function of ndarrays that runs a concrete function here.

        Parameters
        ----------
        function : ConcreteFunction
            The state of the variables must be written before it runs.
        specs : list of TensorSpec
            Those of its arguments.
        jit_compile : bool
            Whether XLA compiles it.
        """
        known = {id(v.handle) for v in self._variables}
        others = [v for v in function.variables if id(v.handle) not in known]
        if others:
            self._add_variables(others)
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
            def run(*arguments):
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
            results = run(*arguments, *captured)
        return self._session.make_callable(results, feed_list=arguments)

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


def as_array(tensor):
    """Return a Tensor's own memory as an ndarray."""
    return np.asarray(memoryview(tensor))


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
