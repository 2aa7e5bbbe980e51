package dev.loraplus.network;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.dropout.IDropout;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.samediff.AbstractSameDiffLayer;
import org.deeplearning4j.nn.transferlearning.FineTuneConfiguration;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.learning.regularization.L1Regularization;
import org.nd4j.linalg.learning.regularization.L2Regularization;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.linalg.learning.regularization.WeightDecay;

/** Gives layers the training settings of a {@link FineTuneConfiguration}, and knows which of them mean nothing here. */
final class FineTuning {
    private final FineTuneConfiguration settings;

    FineTuning(FineTuneConfiguration settings) {
        this.settings = settings;
    }

    /**
     * Changes a layer, or what it wraps. DL4J's own way adds weight decay twice, fails for that of biases, and leaves
     * SameDiff layers out.
     *
     * @param layer changed in place
     */
    void apply(Layer layer) {
        for (Layer holder : LayerConfs.holders(layer)) {
            if (settings.getConstraints() != null) {
                holder.setConstraints(settings.getConstraints().orElse(null));
            }
            if (holder instanceof BaseLayer base) {
                apply(base);
            } else if (holder instanceof AbstractSameDiffLayer sameDiff) {
                apply(sameDiff);
            }
        }
    }

    /**
     * Returns the settings without effect on a network with an adapter, each with the reason.
     *
     * @param plan tells whether any layer is trained fully, or any bias, so that their settings mean something
     */
    List<String> withoutEffect(NetworkPlan plan) {
        List<String> found = new ArrayList<>();
        add(found, changingTheBase(), "would change what the base computes");
        add(found, forStartValues(), "sets start values, and the base has its weights");
        add(found, ofTheNetwork(), "belongs to the whole network, whose configuration is the base's");
        String reason = "acts on parameters that are frozen, without modules to save";
        if (plan.trained().isEmpty()) {
            add(found, forWholeLayers(), reason);
        }
        if (plan.trained().isEmpty() && plan.biases().isEmpty()) {
            add(found, forBiases(), reason + " or trained biases");
        }
        return found;
    }

    private static void add(List<String> found, Map<String, ?> settings, String reason) {
        settings.forEach((name, value) -> {
            if (value != null && !(value instanceof List<?> list && list.isEmpty())) {
                found.add("'" + name + "' " + reason);
            }
        });
    }

    private Map<String, @Nullable Object> changingTheBase() {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put("activation", settings.getActivationFn());
        map.put("convolutionMode", settings.getConvolutionMode());
        return map;
    }

    private Map<String, @Nullable Object> forStartValues() {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put("weightInit", settings.getWeightInitFn());
        map.put("biasInit", settings.getBiasInit());
        return map;
    }

    private Map<String, @Nullable Object> forWholeLayers() {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put("constraints", settings.getConstraints());
        return map;
    }

    private Map<String, @Nullable Object> forBiases() {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put("biasUpdater", settings.getBiasUpdater());
        map.put("l1Bias, l2Bias, weightDecayBias", settings.getRegularizationBias());
        return map;
    }

    private Map<String, @Nullable Object> ofTheNetwork() {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put("miniBatch", settings.getMiniBatch());
        map.put("maxNumLineSearchIterations", settings.getMaxNumLineSearchIterations());
        map.put("seed", settings.getSeed());
        map.put("optimizationAlgo", settings.getOptimizationAlgo());
        map.put("stepFunction", settings.getStepFunction());
        map.put("minimize", settings.getMinimize());
        map.put("pretrain", settings.getPretrain());
        map.put("backprop", settings.getBackprop());
        map.put("backpropType", settings.getBackpropType());
        map.put("tbpttFwdLength", settings.getTbpttFwdLength());
        map.put("tbpttBackLength", settings.getTbpttBackLength());
        map.put("trainingWorkspaceMode", settings.getTrainingWorkspaceMode());
        map.put("inferenceWorkspaceMode", settings.getInferenceWorkspaceMode());
        return map;
    }

    private void apply(BaseLayer layer) {
        layer.setIUpdater(settings.getUpdater() == null ? layer.getIUpdater() : settings.getUpdater());
        layer.setBiasUpdater(settings.getBiasUpdater() == null ? layer.getBiasUpdater() : settings.getBiasUpdater());
        layer.setRegularization(changed(layer.getRegularization(), settings.getRegularization(), false));
        layer.setRegularizationBias(changed(layer.getRegularizationBias(), settings.getRegularizationBias(), true));
        if (settings.getGradientNormalization() != null) {
            layer.setGradientNormalization(settings.getGradientNormalization().orElse(null));
        }
        if (settings.getGradientNormalizationThreshold() != null) {
            layer.setGradientNormalizationThreshold(settings.getGradientNormalizationThreshold());
        }
        if (settings.getDropout() != null) {
            IDropout dropout = settings.getDropout().orElse(null);
            layer.setIDropout(dropout == null ? null : dropout.clone());
        }
        if (settings.getWeightNoise() != null) {
            layer.setWeightNoise(settings.getWeightNoise().orElse(null));
        }
        if (settings.getCudnnAlgoMode() != null && layer instanceof ConvolutionLayer convolution) {
            convolution.setCudnnAlgoMode(settings.getCudnnAlgoMode());
        }
    }

    private void apply(AbstractSameDiffLayer layer) {
        layer.setUpdater(settings.getUpdater() == null ? layer.getUpdater() : settings.getUpdater());
        layer.setBiasUpdater(settings.getBiasUpdater() == null ? layer.getBiasUpdater() : settings.getBiasUpdater());
        layer.setRegularization(changed(layer.getRegularization(), settings.getRegularization(), false));
        layer.setRegularizationBias(changed(layer.getRegularizationBias(), settings.getRegularizationBias(), true));
        if (settings.getGradientNormalization() != null) {
            layer.setGradientNormalization(settings.getGradientNormalization().orElse(null));
        }
        if (settings.getGradientNormalizationThreshold() != null) {
            layer.setGradientNormalizationThreshold(settings.getGradientNormalizationThreshold());
        }
    }

    /** Returns the new regularization if there is any, else the old, without what the settings remove. */
    private List<Regularization> changed(
            @Nullable List<Regularization> old, @Nullable List<Regularization> set, boolean bias) {
        List<Regularization> changed = new ArrayList<>();
        if (set != null && !set.isEmpty()) {
            changed.addAll(set);
        } else if (old != null) {
            changed.addAll(old);
        }
        changed.removeIf(each -> (each instanceof L1Regularization && removesL1(bias))
                || (each instanceof L2Regularization && removesL2(bias))
                || (each instanceof WeightDecay && removesDecay(bias)));
        return changed;
    }

    private boolean removesL1(boolean bias) {
        return bias ? settings.isRemoveL1Bias() : settings.isRemoveL1();
    }

    private boolean removesL2(boolean bias) {
        return bias ? settings.isRemoveL2Bias() : settings.isRemoveL2();
    }

    private boolean removesDecay(boolean bias) {
        return bias ? settings.isRemoveWDBias() : settings.isRemoveWD();
    }
}
