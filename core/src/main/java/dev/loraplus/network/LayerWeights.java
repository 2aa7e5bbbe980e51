package dev.loraplus.network;

import dev.loraplus.LoraConfig;
import dev.loraplus.Targets.Candidate;
import dev.loraplus.Targets.Owner;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution2D;
import org.deeplearning4j.nn.conf.layers.Deconvolution3D;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.PReLULayer;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.params.CenterLossParamInitializer;
import org.deeplearning4j.nn.params.SeparableConvolutionParamInitializer;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Finds the weights of a layer that can have factors, and which of their sides is the output. */
final class LayerWeights {
    private LayerWeights() {}

    /**
     * Returns the weights that can have factors, by parameter key: those that are matrices of more than one row and
     * column, or are used as such. Pretraining parameters, class centres, gains and slopes are none.
     */
    static Map<String, WeightMatrix> of(Site site) {
        Layer layer = LayerConfs.thawed(site.conf());
        Layer inner = LayerConfs.innermost(layer);
        Map<String, WeightMatrix> weights = new LinkedHashMap<>();
        if (inner instanceof BatchNormalization || inner instanceof PReLULayer) {
            return weights;
        }
        site.runtime().paramTable().forEach((key, array) -> {
            if (array.rank() >= 2
                    && !layer.isPretrainParam(key)
                    && !key.equals(CenterLossParamInitializer.CENTER_KEY)) {
                WeightMatrix matrix = matrix(inner, array.shape());
                if (matrix.nIn() > 1 && matrix.nOut() > 1) {
                    weights.put(key, matrix);
                }
            }
        });
        return weights;
    }

    /** Returns the lengths of a layer's biases by parameter key. */
    static Map<String, Long> biases(Site site) {
        Layer layer = LayerConfs.thawed(site.conf());
        Map<String, Long> biases = new LinkedHashMap<>();
        site.runtime().paramTable().forEach((key, array) -> {
            if (LayerConfs.isBias(layer, key) && !layer.isPretrainParam(key)) {
                biases.put(key, array.length());
            }
        });
        return biases;
    }

    /** Returns what a configuration says of a weight. */
    static AdaptedWeight adapted(LoraConfig config, Site site, String key, WeightMatrix matrix) {
        boolean embedding = isEmbedding(LayerConfs.innermost(LayerConfs.thawed(site.conf())));
        return AdaptedWeight.of(config, FileParameter.module(site, key), matrix, embedding);
    }

    /** Returns what targets select a weight by. */
    static Candidate candidate(Site site, String key) {
        Layer layer = LayerConfs.thawed(site.conf());
        INDArray array = site.runtime().paramTable().get(key);
        return new Candidate(
                site.name() + "." + key,
                isLinear(LayerConfs.innermost(layer), key),
                "(" + layer.getClass().getSimpleName() + " " + (array == null ? "" : Arrays.toString(array.shape()))
                        + ")",
                new Owner(site.name(), site.index(), LayerConfs.kinds(layer)));
    }

    /** Embeddings look rows up, and the others have a weight of their own for each channel or place. */
    private static boolean isLinear(Layer inner, String key) {
        String kind = inner.getClass().getSimpleName();
        boolean depthwise = inner instanceof DepthwiseConvolution2D
                || (inner instanceof SeparableConvolution2D
                        && key.equals(SeparableConvolutionParamInitializer.DEPTH_WISE_WEIGHT_KEY));
        return !depthwise && !isEmbedding(inner) && !kind.startsWith("LocallyConnected") && !kind.startsWith("Capsule");
    }

    /** Returns whether the factor B of a layer's weight can have a bias: rows of an embedding have none in PEFT either. */
    static boolean takesBiasOfB(Layer layer) {
        return BranchLayers.supports(layer) && !isEmbedding(layer);
    }

    /** Returns whether the factors of a weight can start from it: PiSSA and OLoRA take matrices apart. */
    static boolean canStartFactors(Site site, String key) {
        INDArray array = site.runtime().paramTable().get(key);
        return array != null && array.rank() == 2 && candidate(site, key).linear();
    }

    private static boolean isEmbedding(Layer inner) {
        return inner instanceof EmbeddingLayer || inner instanceof EmbeddingSequenceLayer;
    }

    /**
     * Returns the matrix that the layer computes with. One-dimensional convolutions read {@code [nOut, nIn, k, 1]} as
     * {@code [k, nIn, nOut]} without moving a number.
     */
    private static WeightMatrix matrix(Layer inner, long[] shape) {
        int last = shape.length - 1;
        if (inner instanceof Convolution1DLayer) {
            long[] computed = {shape[2], shape[1], shape[0]};
            return WeightMatrix.of(computed, 2, false);
        }
        if (shape.length == 2 || inner instanceof DepthwiseConvolution2D) {
            return WeightMatrix.of(shape, last, false);
        }
        if (inner instanceof Deconvolution3D) {
            return WeightMatrix.of(shape, last, true);
        }
        if (inner instanceof Deconvolution2D) {
            return WeightMatrix.of(shape, 1, false);
        }

        return inner instanceof ConvolutionLayer
                ? WeightMatrix.of(shape, 1, true)
                : WeightMatrix.of(shape, last, false);
    }
}
