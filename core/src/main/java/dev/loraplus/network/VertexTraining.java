package dev.loraplus.network;

import java.util.List;
import org.deeplearning4j.nn.api.TrainingConfig;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;

/** Tells DL4J's updater how the factors of one running {@link LoraPlusVertex} learn. */
record VertexTraining(String name, LoraPlusVertex vertex) implements TrainingConfig {
    @Override
    public String getLayerName() {
        return name;
    }

    @Override
    public List<Regularization> getRegularizationByParam(String parameter) {
        return vertex.regularization();
    }

    @Override
    public boolean isPretrainParam(String parameter) {
        return false;
    }

    @Override
    public IUpdater getUpdaterByParam(String parameter) {
        return vertex.updaterOf(parameter);
    }

    @Override
    public GradientNormalization getGradientNormalization() {
        return GradientNormalization.None;
    }

    /** Returns what DL4J's layers have by default; without a normalization nothing asks for it. */
    @Override
    public double getGradientNormalizationThreshold() {
        return 1;
    }

    /** Does nothing: the factors have the graph's type. */
    @Override
    public void setDataType(DataType type) {}
}
