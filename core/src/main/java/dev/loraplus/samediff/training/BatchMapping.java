package dev.loraplus.samediff.training;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.TrainingConfig;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/** Says which placeholder each array of a batch goes to. */
record BatchMapping(List<String> features, List<String> labels, List<String> featureMasks, List<String> labelMasks) {

    /**
     * Takes the names given, or those of the graph's TrainingConfig where none are given.
     *
     * @throws IllegalStateException if neither names any feature
     * @throws IllegalArgumentException if a name is no placeholder
     */
    static BatchMapping of(SameDiff graph, TrainerSettings settings) {
        BatchMapping mapping = settings.features.isEmpty()
                ? configured(graph, settings)
                : new BatchMapping(settings.features, settings.labels, settings.featureMasks, settings.labelMasks);
        List<String> unknown = mapping.names().stream()
                .filter(name -> !graph.hasVariable(name) || !graph.isPlaceHolder(name))
                .toList();
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException("Batches are mapped to " + unknown
                    + ", which are no placeholders of the graph; its placeholders are " + graph.inputs() + ".");
        }
        return mapping;
    }

    Map<String, INDArray> placeholders(MultiDataSet batch) {
        Map<String, INDArray> placeholders = new LinkedHashMap<>();
        put(placeholders, "features", features, batch.getFeatures());
        put(placeholders, "labels", labels, batch.getLabels());
        put(placeholders, "feature masks", featureMasks, batch.getFeaturesMaskArrays());
        put(placeholders, "label masks", labelMasks, batch.getLabelsMaskArrays());
        return placeholders;
    }

    private List<String> names() {
        List<String> all = new ArrayList<>(features);
        all.addAll(labels);
        all.addAll(featureMasks);
        all.addAll(labelMasks);
        return all;
    }

    private static void put(
            Map<String, INDArray> placeholders, String what, List<String> names, INDArray @Nullable [] arrays) {
        int count = arrays == null ? 0 : arrays.length;
        boolean masks = what.endsWith("masks");
        if (masks ? count < names.size() : count != names.size()) {
            throw new IllegalArgumentException("A batch holds " + count + " arrays of " + what + ", the mapping names "
                    + names.size() + ": " + names + "." + (masks ? " A mask of ones lets everything through." : ""));
        }
        for (int i = 0; i < count; i++) {
            INDArray array = arrays == null ? null : arrays[i];
            if (i >= names.size()) {
                requireNone(what, array, i);
            } else if (array != null) {
                placeholders.put(names.get(i), array);
            } else {
                throw new IllegalArgumentException("A batch holds no array " + i + " of " + what + " for '"
                        + names.get(i) + "'." + (masks ? " A mask of ones lets everything through." : ""));
            }
        }
    }

    private static void requireNone(String what, @Nullable INDArray array, int index) {
        if (array != null) {
            throw new IllegalArgumentException("A batch holds an array " + index + " of " + what
                    + " that no placeholder takes, so that it would have no effect; name one with featureMasks(...) or"
                    + " labelMasks(...) on the trainer's builder, or leave the mask out of the data.");
        }
    }

    private static BatchMapping configured(SameDiff graph, TrainerSettings settings) {
        if (!settings.labels.isEmpty() || !settings.featureMasks.isEmpty() || !settings.labelMasks.isEmpty()) {
            throw new IllegalArgumentException(
                    "labels, featureMasks and labelMasks have no effect without features(...):"
                            + " name all placeholders on the builder, or all in the graph's TrainingConfig.");
        }
        TrainingConfig config = graph.getTrainingConfig();
        if (config == null || config.getDataSetFeatureMapping() == null) {
            throw new IllegalStateException(
                    "Which placeholders take the arrays of a batch is not set: call features(...)"
                            + " and labels(...) on the trainer's builder, or give the graph a TrainingConfig with mappings;"
                            + " its placeholders are " + graph.inputs() + ".");
        }
        return new BatchMapping(
                named(config.getDataSetFeatureMapping()),
                named(config.getDataSetLabelMapping()),
                named(config.getDataSetFeatureMaskMapping()),
                named(config.getDataSetLabelMaskMapping()));
    }

    private static List<String> named(@Nullable List<String> names) {
        return names == null
                ? List.of()
                : names.stream().filter(name -> name != null).toList();
    }

    static long examples(MultiDataSet batch) {
        return Arrays.stream(batch.getFeatures())
                .mapToLong(array -> array.size(0))
                .findFirst()
                .orElse(0);
    }
}
