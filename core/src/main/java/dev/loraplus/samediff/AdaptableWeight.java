package dev.loraplus.samediff;

import dev.loraplus.Targets;
import java.util.Arrays;
import java.util.List;
import org.nd4j.linalg.api.buffer.DataType;

/** A variable or constant that can get factors: its uses and how it reads as a matrix. */
record AdaptableWeight(String name, DataType dataType, MatrixView view, boolean linear, List<WeightUse> uses) {

    Targets.Candidate candidate() {
        return new Targets.Candidate(name, linear, dataType + " " + Arrays.toString(view.shape()));
    }
}
