package dev.loraplus.samediff;

import dev.loraplus.Adapter.Factors;
import dev.loraplus.Targets;
import dev.loraplus.io.FactorLayout;
import dev.loraplus.optim.TrainedParameter;
import dev.loraplus.optim.TrainedParameter.Kind;
import dev.loraplus.samediff.WeightUse.Form;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A variable or constant that can get factors: its uses and how it reads as a matrix.
 *
 * @param layout how a file holds its factors
 */
record AdaptableWeight(
        String name, DataType dataType, MatrixView view, boolean linear, List<WeightUse> uses, FactorLayout layout) {

    Targets.Candidate candidate() {
        return new Targets.Candidate(name, linear, dataType + " " + Arrays.toString(view.shape()));
    }

    /** Returns what is trained of its adapter. */
    List<TrainedParameter> parameters(Factors factors) {
        boolean embedding = layout.isEmbedding();
        List<TrainedParameter> parameters = new ArrayList<>();
        add(parameters, Branches.A, factors.a(), embedding ? Kind.EMBEDDING_A : Kind.FACTOR_A);
        add(parameters, Branches.B, factors.b(), embedding ? Kind.EMBEDDING_B : Kind.FACTOR_B);
        add(parameters, Branches.BIAS, factors.bias(), Kind.FACTOR_B_BIAS);
        add(
                parameters,
                Branches.MAGNITUDE,
                factors.magnitude(),
                layout.isConvolution() ? Kind.CONV_MAGNITUDE : Kind.MAGNITUDE);
        return parameters;
    }

    private void add(List<TrainedParameter> parameters, String ending, @Nullable INDArray value, Kind kind) {
        if (value != null) {
            parameters.add(new TrainedParameter(name + ending, value.shape(), kind));
        }
    }

    /** Returns the weight with whole weights where an output's magnitude can't act beside the operation. */
    AdaptableWeight withMagnitudes() {
        List<WeightUse> changed = uses.stream()
                .map(use -> use.kind().equals("xw_plus_b") || !OutputSide.isApart(this, use)
                        ? new WeightUse(
                                use.operation(), use.kind(), use.input(), Form.EFFECTIVE_WEIGHT, use.transposed())
                        : use)
                .toList();
        return new AdaptableWeight(name, dataType, view, linear, changed, layout);
    }
}
