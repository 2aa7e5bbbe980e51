package dev.loraplus.network;

import dev.loraplus.Adapter;
import java.util.LinkedHashMap;
import java.util.Map;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.MaskState;
import org.deeplearning4j.nn.api.TrainingConfig;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.BaseGraphVertex;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.jspecify.annotations.Nullable;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.blas.params.MMulTranspose;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.reduce.Mmul;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Computes a {@link LoraPlusVertex} and its gradients on views of the graph's flat parameters.
 *
 * <p>With s = alpha / rank, h = s x A and e = dL/dout: dL/dB = h&#7488; e, dL/dA = x&#7488; (s e B&#7488;), dL/dx = (s e
 * B&#7488;) A&#7488; and dL/dz = e. What is only needed on the way lies in DL4J's working memory, which is open.
 */
final class VertexRuntime extends BaseGraphVertex {
    private static final long serialVersionUID = 1L;

    private final LoraPlusVertex vertex;
    private final TrainingConfig training;
    private final INDArray parameters;
    private final INDArray a;
    private final INDArray b;

    @Nullable
    private INDArray gradients;

    VertexRuntime(
            LoraPlusVertex vertex,
            ComputationGraph graph,
            String name,
            int index,
            INDArray parameters,
            boolean initialize,
            DataType type) {
        super(graph, name, index, null, null, type);
        this.vertex = vertex;
        this.training = new VertexTraining(name, vertex);
        this.parameters = parameters;
        a = viewOfA(parameters);
        b = viewOfB(parameters);
        if (initialize) {
            Adapter.Factors start = vertex.startValues(name, type);
            a.assign(start.a());
            b.assign(start.b());
        }
    }

    private INDArray viewOfA(INDArray flat) {
        long end = vertex.nIn() * vertex.rank();
        return flat.reshape(flat.length()).get(NDArrayIndex.interval(0, end)).reshape('f', vertex.nIn(), vertex.rank());
    }

    private INDArray viewOfB(INDArray flat) {
        long start = vertex.nIn() * vertex.rank();
        return flat.reshape(flat.length())
                .get(NDArrayIndex.interval(start, flat.length()))
                .reshape('f', vertex.rank(), vertex.nOut());
    }

    @Override
    public boolean hasLayer() {
        return false;
    }

    @Override
    public @Nullable Layer getLayer() {
        return null;
    }

    @Override
    public INDArray doForward(boolean train, LayerWorkspaceMgr workspaces) {
        VertexShapes.requireArrays(getVertexName(), inputs[0], inputs[1], vertex.nIn(), vertex.nOut());
        INDArray out = workspaces.dup(ArrayType.ACTIVATIONS, inputs[1].castTo(dataType));
        INDArray h = inner(x());
        if (out.rank() == 2) {
            multiply(h, b, out, 1);
        } else {
            out.addi(VertexShapes.likeInput(h.mmul(b), out));
        }
        return out;
    }

    @Override
    public Pair<Gradient, INDArray[]> doBackward(boolean truncated, LayerWorkspaceMgr workspaces) {
        if (gradients == null) {
            throw new IllegalStateException("LoraPlusVertex '" + getVertexName()
                    + "' has no array for its gradients; call the graph's initGradientsView() before a backward pass.");
        }
        INDArray gradientOfA = viewOfA(gradients);
        INDArray gradientOfB = viewOfB(gradients);
        INDArray x = x();
        INDArray e = VertexShapes.rows(epsilon);
        INDArray inward = e.mmul(b.transpose()).muli(vertex.scaling());
        multiply(inner(x).transpose(), e, gradientOfB, 0);
        multiply(x.transpose(), inward, gradientOfA, 0);
        Gradient gradient = new DefaultGradient(gradients);
        gradient.setGradientFor(LoraPlusVertex.A, gradientOfA);
        gradient.setGradientFor(LoraPlusVertex.B, gradientOfB);
        INDArray towardsX = workspaces.createUninitialized(
                ArrayType.ACTIVATION_GRAD, dataType, inputs[0].shape(), inputs[0].rank() == 2 ? 'f' : 'c');
        if (towardsX.rank() == 2) {
            multiply(inward, a.transpose(), towardsX, 0);
        } else {
            towardsX.assign(VertexShapes.likeInput(inward.mmul(a.transpose()), towardsX));
        }
        return new Pair<>(gradient, new INDArray[] {towardsX, workspaces.dup(ArrayType.ACTIVATION_GRAD, epsilon)});
    }

    private INDArray x() {
        return VertexShapes.rows(inputs[0].castTo(dataType));
    }

    private INDArray inner(INDArray x) {
        return x.mmul(a).muli(vertex.scaling());
    }

    /** Sets result to left right + keep result. */
    private static void multiply(INDArray left, INDArray right, INDArray result, double keep) {
        Nd4j.exec(new Mmul(left, right, result, 1, keep, MMulTranspose.allFalse()));
    }

    @Override
    public void setBackpropGradientsViewArray(INDArray flat) {
        gradients = flat;
    }

    /** Passes on z's mask: the branch is added to z at the steps that z has. */
    @Override
    public Pair<@Nullable INDArray, MaskState> feedForwardMaskArrays(
            INDArray @Nullable [] masks, MaskState state, int batch) {
        return new Pair<>(masks == null ? null : masks[1], state);
    }

    @Override
    public Map<String, INDArray> paramTable(boolean backpropOnly) {
        Map<String, INDArray> table = new LinkedHashMap<>();
        table.put(LoraPlusVertex.A, a);
        table.put(LoraPlusVertex.B, b);
        return table;
    }

    @Override
    public TrainingConfig getConfig() {
        return training;
    }

    @Override
    public INDArray params() {
        return parameters;
    }

    @Override
    public @Nullable INDArray getGradientsViewArray() {
        return gradients;
    }

    @Override
    public String toString() {
        return "LoraPlusVertex(id=" + getVertexIndex() + ",name=\"" + getVertexName() + "\",nIn=" + vertex.nIn()
                + ",nOut=" + vertex.nOut() + ",rank=" + vertex.rank() + ")";
    }
}
