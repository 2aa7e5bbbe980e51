package dev.loraplus.network;

import dev.loraplus.Adapter.Saved;
import dev.loraplus.io.FactorLayout;
import dev.loraplus.io.Slot;
import java.util.Arrays;
import org.deeplearning4j.nn.conf.layers.BaseOutputLayer;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution2D;
import org.deeplearning4j.nn.conf.layers.Deconvolution3D;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.params.DefaultParamInitializer;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Says under which name and in which layout files hold a parameter of a layer: those of PyTorch and PEFT for linear
 * layers and convolutions, and {@code <layer>.<parameter>} in DL4J's own layout for what these two don't have.
 *
 * @param key the parameter in DL4J
 * @param slot its place in a file
 * @param shape the parameter's shape in DL4J
 */
@SuppressWarnings("ArrayRecordComponent") // a carrier between two layers, never compared
record FileParameter(String key, Slot slot, long[] shape) {
    private static final String WEIGHT = DefaultParamInitializer.WEIGHT_KEY;
    private static final String BIAS = DefaultParamInitializer.BIAS_KEY;

    /** Says what PyTorch has for a layer. */
    private enum Counterpart {
        LINEAR,
        CONVOLUTION,
        DECONVOLUTION,
        NONE;

        static Counterpart of(Layer conf) {
            Layer layer = LayerConfs.innermost(LayerConfs.thawed(conf));
            if (layer instanceof DenseLayer || layer instanceof BaseOutputLayer) {
                return LINEAR;
            }
            if (layer instanceof Deconvolution2D || layer instanceof Deconvolution3D) {
                return DECONVOLUTION;
            }
            boolean convolution = layer instanceof ConvolutionLayer
                    && !(layer instanceof DepthwiseConvolution2D || layer instanceof SeparableConvolution2D);
            return convolution ? CONVOLUTION : NONE;
        }
    }

    /** Describes the factors of a weight with the shape {@code shape}. */
    static FileParameter factors(Site site, String key, WeightMatrix weight, long[] shape) {
        Counterpart counterpart = Counterpart.of(site.conf());
        boolean main = counterpart != Counterpart.NONE && key.equals(WEIGHT);
        FactorLayout layout = main && counterpart == Counterpart.CONVOLUTION
                ? FactorLayout.convolution(kernel(site, shape))
                : FactorLayout.linear();
        String name = main ? site.name() : site.name() + "." + key;
        return new FileParameter(key, Slot.factors(name, weight.nIn(), weight.nOut(), layout), shape);
    }

    /** Describes a parameter of a layer that is trained fully. */
    static FileParameter saved(Site site, String key, long[] shape) {
        Counterpart counterpart = Counterpart.of(site.conf());
        if (counterpart != Counterpart.NONE && key.equals(BIAS)) {
            return saved(site, key, "bias", shape, new long[] {shape[shape.length - 1]}, false);
        }
        boolean sameOrder = !(LayerConfs.innermost(LayerConfs.thawed(site.conf())) instanceof Deconvolution3D);
        if (counterpart == Counterpart.NONE || !key.equals(WEIGHT) || !sameOrder) {
            return saved(site, key, key, shape, shape, false);
        }
        long[] stored = shape;
        if (counterpart == Counterpart.CONVOLUTION) {
            stored = Arrays.copyOf(shape, 2 + kernel(site, shape).length);
        }
        return saved(site, key, "weight", shape, stored, counterpart == Counterpart.LINEAR);
    }

    /** Returns the parameter's value as a file's adapter has it. */
    Saved stored(INDArray value) {
        return new Saved(value.reshape('c', slot.shape()), slot.transposed());
    }

    private static FileParameter saved(
            Site site, String key, String name, long[] shape, long[] stored, boolean transposed) {
        return new FileParameter(key, Slot.saved(site.name() + "." + name, stored, transposed), shape);
    }

    /** DL4J gives the kernel of a one-dimensional convolution a second size of 1. */
    private static long[] kernel(Site site, long[] shape) {
        boolean flat = LayerConfs.innermost(LayerConfs.thawed(site.conf())) instanceof Convolution1DLayer;
        return Arrays.copyOfRange(shape, 2, flat ? 3 : shape.length);
    }
}
