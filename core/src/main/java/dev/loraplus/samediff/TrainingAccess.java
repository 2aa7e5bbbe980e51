package dev.loraplus.samediff;

import dev.loraplus.optim.GroupSettings;
import dev.loraplus.samediff.WeightUse.Form;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Internal: what training needs of an adapted graph beyond what users see of it.
 *
 * @since 0.1.0
 */
public final class TrainingAccess {
    /**
     * Where the input of a weight enters its branch.
     *
     * @param product the variable that is the product of the input and the first factor
     * @param input which input of that product's operation it is
     */
    public record BranchInput(String product, int input) {}

    private TrainingAccess() {}

    /**
     * Checks that an adapter can be trained as it is.
     *
     * @throws IllegalStateException if it is merged, disabled or detached
     */
    public static void requireActive(AdaptedGraph adapted) {
        adapted.requireActive("train");
    }

    /** Returns the rates of all parameters as the configuration says, its lambda patterns included. */
    public static GroupSettings rates(AdaptedGraph adapted, double eta) {
        return adapted.rates(eta);
    }

    /** Returns the array that a variable of the graph holds, not a copy. */
    public static INDArray value(AdaptedGraph adapted, String variable) {
        return adapted.value(variable);
    }

    /** Returns where each use of each target gets its input, for uses that have a branch with an input. */
    public static List<BranchInput> branchInputs(AdaptedGraph adapted) {
        List<BranchInput> inputs = new ArrayList<>();
        for (AdaptableWeight weight : adapted.plan().targets()) {
            for (int i = 0; i < weight.uses().size(); i++) {
                boolean right = weight.uses().get(i).form() == Form.BRANCH_RIGHT;
                inputs.add(new BranchInput(Branches.firstProduct(weight.name(), i), right ? 0 : 1));
            }
        }
        return inputs;
    }

    /** Returns how many dimensions the lengths of each target have, by name of DoRA's variable for them. */
    public static Map<String, Integer> lengths(AdaptedGraph adapted) {
        Map<String, Integer> lengths = new LinkedHashMap<>();
        adapted.plan()
                .targets()
                .forEach(weight -> lengths.put(
                        EffectiveWeight.length(weight.name()), weight.view().outputAxes()));
        return lengths;
    }
}
