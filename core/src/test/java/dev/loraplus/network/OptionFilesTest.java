package dev.loraplus.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.Bias;
import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.Targets;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Adam;

/** Adapter files of every kind of layer, with all that an adapter can hold at once. */
@ExtendWith(InDouble.class)
class OptionFilesTest {
    private static final LoraConfig CONFIG = LoraConfig.builder()
            .rank(2)
            .alpha(3)
            .targets(Targets.glob("*"))
            .rsLora(true)
            .dora(true)
            .bias(Bias.ALL)
            .build();

    @TempDir
    private Path folder;

    static Stream<LayerKind> kinds() {
        return LayerKind.all();
    }

    /** Files hold 32 bits a number. */
    @ParameterizedTest
    @MethodSource("kinds")
    void saveAndLoad_giveTheSameAdapter(LayerKind kind) throws IOException {
        MultiLayerNetwork base = kind.network(new Adam(0.01));
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(base, CONFIG);
        INDArray params = adapted.model().params();
        Networks.fill(params, 3);
        params.assign(params.castTo(DataType.FLOAT).castTo(DataType.DOUBLE));
        adapted.save(folder);

        AdaptedNetwork<MultiLayerNetwork> read = LoraPlus.load(base, folder);

        assertThat(read.model().params().equalsWithEps(params, 0)).isTrue();
        assertThat(read.config().toBuilder().targets(CONFIG.targets()).build()).isEqualTo(CONFIG);
        assertThat(Networks.difference(
                        read.model().output(kind.features()), adapted.model().output(kind.features())))
                .isZero();
    }
}
