package dev.loraplus.models;

import dev.loraplus.models.OnnxModel.Node;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Gives the initializers of an ONNX model the names that PyTorch gave them, linear weights as {@code [nIn, nOut]}.
 *
 * <p>PyTorch's exporter stores the weight of a linear layer on a 3-D input transposed, for a {@code MatMul}, and calls it
 * {@code onnx::MatMul_N}. The {@code Add} after that {@code MatMul} still names the bias {@code m.bias}, so the weight is
 * {@code m.weight}.
 */
final class OnnxNames {
    private static final String BIAS = ".bias";

    private OnnxNames() {}

    /** Returns the tensors by their PyTorch names. */
    static Map<String, INDArray> tensors(OnnxModel model) {
        Map<String, String> modules = modulesByWeight(model);
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        model.initializers().forEach((name, array) -> {
            String module = modules.get(name);
            if (module != null) {
                tensors.put(BertTensors.weight(module), array);
            } else {
                tensors.put(
                        name,
                        BertTensors.isLinearWeight(name) ? array.transpose().dup('c') : array);
            }
        });
        return tensors;
    }

    private static Map<String, String> modulesByWeight(OnnxModel model) {
        Map<String, Node> matmuls = model.nodes().stream()
                .filter(node -> node.type().equals("MatMul"))
                .collect(Collectors.toMap(Node::output, Function.identity()));
        Map<String, String> modules = new HashMap<>();
        for (Node add : model.nodes()) {
            Optional<String> bias = add.type().equals("Add") ? bias(model, add) : Optional.empty();
            for (String input : add.inputs()) {
                Node matmul = matmuls.get(input);
                if (matmul != null && bias.isPresent()) {
                    modules.put(
                            matmul.inputs().get(1),
                            bias.get().substring(0, bias.get().length() - BIAS.length()));
                }
            }
        }
        return modules;
    }

    private static Optional<String> bias(OnnxModel model, Node add) {
        return add.inputs().stream()
                .filter(name -> name.endsWith(BIAS) && model.initializers().containsKey(name))
                .findFirst();
    }
}
