package dev.loraplus.samediff;

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
    static BatchMapping of(SameDiff graph, List<String> features, List<String> labels) {
        BatchMapping mapping = features.isEmpty()
                ? configured(graph)
                : new BatchMapping(List.copyOf(features), List.copyOf(labels), List.of(), List.of());
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
                    + names.size() + ": " + names + ".");
        }
        for (int i = 0; i < names.size(); i++) {
            INDArray array = arrays == null ? null : arrays[i];
            if (array != null) {
                placeholders.put(names.get(i), array);
            }
        }
    }

    private static BatchMapping configured(SameDiff graph) {
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
