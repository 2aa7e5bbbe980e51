package dev.loraplus.network;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.layers.IOutputLayer;
import org.deeplearning4j.nn.api.layers.RecurrentLayer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Makes the layer that runs what a {@link LoraLayer} configures. */
final class LayerFactory {
    private final LoraLayer conf;
    private final LoraSpec spec;
    private final NeuralNetConfiguration outer;
    private final NeuralNetConfiguration inner;
    private final @Nullable Collection<TrainingListener> listeners;
    private final int index;
    private final DataType type;

    LayerFactory(
            LoraLayer conf,
            NeuralNetConfiguration outer,
            @Nullable Collection<TrainingListener> listeners,
            int index,
            DataType type) {
        this.conf = conf;
        this.spec = conf.resolve(outer);
        this.outer = outer;
        this.inner = conf.inner(outer);
        this.listeners = listeners;
        this.index = index;
        this.type = type;
    }

    /**
     * Returns the layer.
     *
     * @param view its part of the flat vector; {@code null} if it has none
     * @param initialize whether to fill that
     */
    Layer create(@Nullable INDArray view, boolean initialize) {
        INDArray flat = view == null ? null : view.reshape(view.length());
        Layer layer = spec.mode() == LayerMode.TRAINED ? trained(flat, initialize) : adapted(flat, initialize);
        outer.clearVariables();
        layer.conf().clearVariables();
        layer.paramTable().keySet().forEach(key -> {
            outer.addVariable(key);
            layer.conf().addVariable(key);
        });
        return layer;
    }

    /** A layer that is trained fully is the plain one, which starts from the base. */
    private Layer trained(@Nullable INDArray flat, boolean initialize) {
        if (flat != null && initialize) {
            flat.assign(stored().reshape(flat.length()));
        }
        conf.hold(BaseWeightStore.find(String.valueOf(spec.origin().baseId())));
        return delegate(flat);
    }

    private Layer adapted(@Nullable INDArray flat, boolean initialize) {
        INDArray base = base(flat, initialize);
        AdapterParameters parameters = new AdapterParameters(conf, base, flat);
        boolean branch = BranchLayers.supports(conf.getUnderlying()) && !spec.isDora();
        Layer delegate = branch ? branched(parameters) : whole(base);
        parameters.setBaseTable(views(delegate.paramTable()));
        if (initialize) {
            parameters.drawFactors();
        }
        WeightPath path = branch ? BranchLayers.path() : new EffectiveWeights(delegate, parameters);
        if (delegate instanceof IOutputLayer output) {
            return new AdapterOutputLayer(output, conf, parameters, path);
        }
        return delegate instanceof RecurrentLayer recurrent
                ? new AdapterRecurrentLayer(recurrent, conf, parameters, path)
                : new AdapterLayer(delegate, conf, parameters, path);
    }

    private INDArray base(@Nullable INDArray flat, boolean initialize) {
        if (spec.storage() == Storage.EXTERNAL || flat == null) {
            INDArray shared = stored();
            conf.hold(shared);
            return shared.castTo(type);
        }
        INDArray embedded = flat.get(NDArrayIndex.interval(0, spec.embeddedLength()));
        if (initialize && spec.origin().baseId() == null) {
            conf.getUnderlying().instantiate(conf.inner(outer), listeners, index, embedded, true, type);
        } else if (initialize) {
            embedded.assign(stored().reshape(embedded.length()));
        }
        if (spec.origin().baseId() != null) {
            BaseWeightStore.registerCopy(spec.origin().baseId(), embedded);
        }
        return embedded;
    }

    private INDArray stored() {
        String id = spec.origin().baseId();
        if (id == null) {
            throw new IllegalStateException("Layer '" + conf.getLayerName() + "' names no base weights.");
        }
        return BaseWeightStore.require(id, conf.getLayerName());
    }

    private Layer delegate(@Nullable INDArray weights) {
        return conf.getUnderlying().instantiate(inner, listeners, index, weights, false, type);
    }

    private Layer branched(AdapterParameters parameters) {
        return placed(BranchLayers.create(inner, parameters, type));
    }

    private Layer whole(INDArray base) {
        return conf.getUnderlying() instanceof BatchNormalization
                ? placed(new FrozenBatchNormalization(inner, base, type))
                : delegate(base);
    }

    private Layer placed(Layer layer) {
        layer.setListeners(listeners);
        layer.setIndex(index);
        return layer;
    }

    /** Returns other arrays on the same memory: the layer's own may be given other memory. */
    private static Map<String, INDArray> views(Map<String, INDArray> table) {
        Map<String, INDArray> views = new LinkedHashMap<>();
        table.forEach((key, array) -> views.put(
                key, Nd4j.create(array.data(), array.shape(), array.stride(), array.offset(), array.ordering())));
        return views;
    }
}
