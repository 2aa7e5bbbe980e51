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
        CONVOLUTION_1D,
        DECONVOLUTION_2D,
        DECONVOLUTION_3D,
        NONE;

        static Counterpart of(Layer conf) {
            Layer layer = LayerConfs.innermost(LayerConfs.thawed(conf));
            if (layer instanceof DenseLayer || layer instanceof BaseOutputLayer) {
                return LINEAR;
            }
            if (layer instanceof DepthwiseConvolution2D || layer instanceof SeparableConvolution2D) {
                return NONE;
            }
            if (layer instanceof Convolution1DLayer) {
                return CONVOLUTION_1D;
            }
            if (layer instanceof Deconvolution2D) {
                return DECONVOLUTION_2D;
            }
            if (layer instanceof Deconvolution3D) {
                return DECONVOLUTION_3D;
            }
            return layer instanceof ConvolutionLayer ? CONVOLUTION : NONE;
        }

        boolean isConvolution() {
            return this == CONVOLUTION || this == CONVOLUTION_1D;
        }
    }

    /** Describes the factors of a weight with the shape {@code shape}. */
    static FileParameter factors(Site site, String key, WeightMatrix weight, long[] shape) {
        Counterpart counterpart = Counterpart.of(site.conf());
        boolean convolution = counterpart.isConvolution() && key.equals(WEIGHT);
        FactorLayout layout = convolution ? layout(counterpart, shape) : FactorLayout.linear();
        return new FileParameter(key, Slot.factors(module(site, key), weight.nIn(), weight.nOut(), layout), shape);
    }

    /** Returns the name of the module that a weight is in a file: the layer, or where that has several, layer and key. */
    static String module(Site site, String key) {
        boolean only = Counterpart.of(site.conf()) != Counterpart.NONE && key.equals(WEIGHT);
        return only ? site.name() : site.name() + "." + key;
    }

    /** Describes a parameter of a layer that is trained fully. */
    static FileParameter saved(Site site, String key, long[] shape) {
        Counterpart counterpart = Counterpart.of(site.conf());
        String layer = site.name() + ".";
        Slot slot = Slot.saved(layer + key, shape, false);
        if (key.equals(BIAS) && counterpart != Counterpart.NONE) {
            slot = Slot.saved(layer + "bias", new long[] {shape[shape.length - 1]}, false);
        } else if (key.equals(WEIGHT)) {
            String name = layer + "weight";
            slot = switch (counterpart) {
                case LINEAR -> Slot.saved(name, shape, true);
                case CONVOLUTION, DECONVOLUTION_2D -> Slot.saved(name, shape, false);
                case CONVOLUTION_1D -> Slot.saved(name, new long[] {shape[2], shape[1], shape[0]}, true);
                case DECONVOLUTION_3D, NONE -> slot;
            };
        }
        return new FileParameter(key, slot, shape);
    }

    /** Returns the parameter's value as a file's adapter has it. */
    Saved stored(INDArray value) {
        return new Saved(value.reshape('c', slot.shape()), slot.transposed());
    }

    private static FactorLayout layout(Counterpart counterpart, long[] shape) {
        return counterpart == Counterpart.CONVOLUTION_1D
                ? FactorLayout.convolution(true, shape[2])
                : FactorLayout.convolution(false, Arrays.copyOfRange(shape, 2, shape.length));
    }
}
