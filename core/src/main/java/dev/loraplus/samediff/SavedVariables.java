package dev.loraplus.samediff;

import dev.loraplus.Bias;
import dev.loraplus.LoraConfig;
import dev.loraplus.ModulePath;
import dev.loraplus.NoMatchingTargetException;
import dev.loraplus.optim.TrainedParameter.Kind;
import dev.loraplus.samediff.surgery.Graphs;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;

/** Chooses the variables of a base that are trained beside the factors: modules to save, and biases. */
final class SavedVariables {
    /** Which input of a batch normalization is its gain, after the input, the mean and the variance. */
    private static final int BATCHNORM_GAIN = 3;

    private final SameDiff graph;
    private final List<AdaptableWeight> adaptable;

    SavedVariables(SameDiff graph, List<AdaptableWeight> adaptable) {
        this.graph = graph;
        this.adaptable = adaptable;
    }

    /**
     * Returns the variables of the modules to save, by name.
     *
     * @throws NoMatchingTargetException if a module matches none
     */
    Map<String, SavedVariable> ofModules(LoraConfig config) {
        List<SDVariable> stored = graph.variables().stream()
                .filter(v -> Graphs.isStored(v) && v.dataType().isFPType())
                .toList();
        Map<String, SavedVariable> saved = new LinkedHashMap<>();
        for (String module : config.modulesToSave()) {
            List<String> names = stored.stream()
                    .map(SDVariable::name)
                    .filter(name -> ModulePath.isWithin(name, module))
                    .toList();
            if (names.isEmpty()) {
                throw new NoMatchingTargetException("No variable matches modulesToSave '" + module
                        + "'. Variables of the graph: "
                        + stored.stream().map(SDVariable::name).toList() + ".");
            }
            names.forEach(name -> saved.put(name, describe(name)));
        }
        return saved;
    }

    /** Returns the bias of each target that has one, by the target's name. */
    Map<String, String> biasesOf(List<AdaptableWeight> targets) {
        BaseBiases biases = new BaseBiases(graph);
        Map<String, String> found = new LinkedHashMap<>();
        targets.forEach(target -> biases.of(target).ifPresent(name -> found.put(target.name(), name)));
        return found;
    }

    /**
     * Returns the biases that are trained along with the factors, by name.
     *
     * @param ofTargets the bias of each target that has one, by the target's name
     */
    Map<String, SavedVariable> biases(Bias bias, Map<String, String> ofTargets) {
        Map<String, SavedVariable> saved = new LinkedHashMap<>();
        if (bias == Bias.ALL) {
            new BaseBiases(graph).all(adaptable).forEach(name -> saved.put(name, bias(name, null)));
        }
        if (bias != Bias.NONE) {
            ofTargets.forEach((target, name) -> saved.put(name, bias(name, target)));
        }
        return saved;
    }

    private static SavedVariable bias(String name, @Nullable String owner) {
        return new SavedVariable(name, false, Kind.BASE_BIAS, owner);
    }

    private SavedVariable describe(String name) {
        boolean transposed = adaptable.stream()
                .anyMatch(w -> w.name().equals(name)
                        && w.linear()
                        && w.view().isMatrix()
                        && !w.view().outputFirst());
        return new SavedVariable(name, transposed, kind(name), null);
    }

    private Kind kind(String name) {
        boolean flat = graph.getVariable(name).getArr().rank() < 2;
        for (String reader : Graphs.readers(graph, name)) {
            SameDiffOp operation = Graphs.operation(graph, reader);
            String op = operation.getOp().opName();
            if (op.equals("layer_norm")) {
                return Kind.NORM;
            }
            if (op.equals("batchnorm")) {
                return operation.getInputsToOp().indexOf(name) == BATCHNORM_GAIN ? Kind.OTHER_NORM_GAIN : Kind.NORM;
            }
            if (flat && op.equals("multiply")) {
                return Kind.OTHER_NORM_GAIN;
            }
        }
        return flat ? Kind.BIAS : Kind.WEIGHT;
    }
}
