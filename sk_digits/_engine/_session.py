"""Compiled functions whose memory can be freed.

TensorFlow keeps what XLA compiled for an eager function until the process ends, with the graph and the Python
stack of each operation. What is compiled for a session, TensorFlow 1's way to run a graph, is freed with it.
"""

import ctypes
import sys

import numpy as np
import tensorflow as tf


class VariablesSession:
    """A session with copies of some variables, on which functions run that were traced with the originals.

    Parameters
    ----------
    variables : list of tf.Variable
    """

    def __init__(self, variables):
        self._variables = variables
        self._graph = tf.Graph()
        with self._graph.as_default():
            self._handles = [
                tf.raw_ops.VarHandleOp(dtype=v.dtype, shape=v.shape, shared_name=f"variable_{i}")
                for i, v in enumerate(variables)
            ]
            values = [tf.compat.v1.placeholder(v.dtype, v.shape) for v in variables]
            pairs = zip(self._handles, values, strict=True)
            assign = tf.group(*(tf.raw_ops.AssignVariableOp(resource=h, value=v) for h, v in pairs))
            self._reads = [
                tf.raw_ops.ReadVariableOp(resource=h, dtype=v.dtype)
                for h, v in zip(self._handles, variables, strict=True)
            ]
        threading = tf.config.threading
        config = tf.compat.v1.ConfigProto(
            intra_op_parallelism_threads=threading.get_intra_op_parallelism_threads(),
            inter_op_parallelism_threads=threading.get_inter_op_parallelism_threads(),
        )
        # XLA optimizes what it compiles; Grappler would only take time.
        config.graph_options.rewrite_options.disable_meta_optimizer = True
        self._session = tf.compat.v1.Session(graph=self._graph, config=config)
        self._assign = self._session.make_callable(assign, feed_list=values)
        self._read = self._session.make_callable(self._reads)

    def write(self, values):
        """Set all variables."""
        self._assign(*values)

    def read(self):
        """Return the values of all variables."""
        return self._read()

    def add(self, function, specs, *, jit_compile):
        """Return a function of ndarrays that runs a concrete function here.

        Parameters
        ----------
        function : ConcreteFunction
            What it captures must be among the variables, or Tensors.
        specs : list of TensorSpec
            Those of its arguments.
        jit_compile : bool
            Whether XLA compiles it.
        """
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
        _return_freed_memory()


def _return_freed_memory():
    """Give freed memory back to the system where the C library is glibc, which would keep what is fragmented."""
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
