package dev.loraplus.models;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.WireFormat;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Holds the nodes and the FLOAT initializers of an ONNX model, all that is needed to take its weights.
 *
 * <p>Field numbers are those of {@code onnx.proto}.
 */
final class OnnxModel {
    private static final int MODEL_GRAPH = 7;
    private static final int GRAPH_NODE = 1;
    private static final int GRAPH_INITIALIZER = 5;
    private static final int NODE_INPUT = 1;
    private static final int NODE_OUTPUT = 2;
    private static final int NODE_OP_TYPE = 4;
    private static final int TENSOR_DIMS = 1;
    private static final int TENSOR_DATA_TYPE = 2;
    private static final int TENSOR_NAME = 8;
    private static final int TENSOR_RAW_DATA = 9;
    private static final long TYPE_FLOAT = 1;

    /** One operation; of its outputs only the first. */
    record Node(String type, List<String> inputs, String output) {}

    private final List<Node> nodes = new ArrayList<>();
    private final Map<String, INDArray> initializers = new LinkedHashMap<>();

    private OnnxModel() {}

    /**
     * Reads a model.
     *
     * @throws IOException if the stream ends early, is no ONNX model, or holds FLOAT tensors other than as raw data
     */
    static OnnxModel read(InputStream stream) throws IOException {
        OnnxModel model = new OnnxModel();
        CodedInputStream in = CodedInputStream.newInstance(stream);
        try {
            for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
                if (tag == message(MODEL_GRAPH)) {
                    within(in, model::readGraph);
                } else {
                    in.skipField(tag);
                }
            }
        } catch (InvalidProtocolBufferException e) {
            throw new IOException("The stream must hold one complete ONNX model, but " + e.getMessage(), e);
        }
        return model;
    }

    List<Node> nodes() {
        return nodes;
    }

    Map<String, INDArray> initializers() {
        return initializers;
    }

    private void readGraph(CodedInputStream in, int tag) throws IOException {
        if (tag == message(GRAPH_NODE)) {
            readNode(in);
        } else if (tag == message(GRAPH_INITIALIZER)) {
            readTensor(in);
        } else {
            in.skipField(tag);
        }
    }

    private void readNode(CodedInputStream in) throws IOException {
        List<String> inputs = new ArrayList<>();
        List<String> outputs = new ArrayList<>();
        String[] type = {""};
        within(in, (node, tag) -> {
            if (tag == message(NODE_INPUT)) {
                inputs.add(node.readString());
            } else if (tag == message(NODE_OUTPUT)) {
                outputs.add(node.readString());
            } else if (tag == message(NODE_OP_TYPE)) {
                type[0] = node.readString();
            } else {
                node.skipField(tag);
            }
        });
        nodes.add(new Node(type[0], inputs, outputs.isEmpty() ? "" : outputs.get(0)));
    }

    private void readTensor(CodedInputStream in) throws IOException {
        List<Long> dims = new ArrayList<>();
        long[] type = {0};
        String[] name = {""};
        byte[][] raw = {{}};
        within(in, (tensor, tag) -> {
            if (tag == number(TENSOR_DIMS)) {
                dims.add(tensor.readInt64());
            } else if (tag == number(TENSOR_DATA_TYPE)) {
                type[0] = tensor.readInt32();
            } else if (tag == message(TENSOR_NAME)) {
                name[0] = tensor.readString();
            } else if (tag == message(TENSOR_RAW_DATA)) {
                raw[0] = tensor.readByteArray();
            } else {
                tensor.skipField(tag);
            }
        });
        if (type[0] == TYPE_FLOAT) {
            long[] shape = dims.stream().mapToLong(Long::longValue).toArray();
            initializers.put(name[0], array(name[0], shape, raw[0]));
        }
    }

    private static INDArray array(String name, long[] shape, byte[] raw) throws IOException {
        long length = 1;
        for (long dim : shape) {
            length *= dim;
        }
        if (raw.length != length * Float.BYTES) {
            throw new IOException("ONNX tensor '" + name + "' must hold " + length * Float.BYTES
                    + " bytes of raw data, got " + raw.length + ". Export the model with its weights inside the file.");
        }
        float[] values = new float[(int) length];
        ByteBuffer.wrap(raw).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
        return Nd4j.create(values, shape, 'c');
    }

    private interface FieldReader {
        void read(CodedInputStream in, int tag) throws IOException;
    }

    private static void within(CodedInputStream in, FieldReader fields) throws IOException {
        int limit = in.pushLimit(in.readRawVarint32());
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            fields.read(in, tag);
        }
        in.popLimit(limit);
    }

    private static int message(int field) {
        return field << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED;
    }

    private static int number(int field) {
        return field << 3 | WireFormat.WIRETYPE_VARINT;
    }
}
