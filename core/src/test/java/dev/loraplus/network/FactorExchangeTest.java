package dev.loraplus.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.loraplus.Adapter;
import dev.loraplus.Initialization;
import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.math.AdapterCombination;
import dev.loraplus.math.AdapterCombination.Weighted;
import java.util.List;
import java.util.OptionalInt;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

class FactorExchangeTest {
    private static final LoraConfig CONFIG = LoraConfig.builder()
            .rank(2)
            .alpha(6)
            .targets("fc1", "fc2")
            .modulesToSave("out")
            .build();

    private final MultiLayerNetwork base = Networks.dense(DataType.DOUBLE);
    private final INDArray input = Networks.uniform(DataType.DOUBLE, 8, 4, Networks.IN);

    @Test
    void assign_switchesBetweenAdapters() {
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(base, CONFIG);
        Networks.fill(adapted.model().params(), 1);
        Adapter first = adapted.adapter().copy();
        INDArray firstOutput = adapted.model().output(input).dup();
        Networks.fill(adapted.model().params(), 2);
        Adapter second = adapted.adapter().copy();
        INDArray secondOutput = adapted.model().output(input).dup();

        adapted.assign(first);
        assertThat(adapted.model().output(input).equalsWithEps(firstOutput, 0)).isTrue();
        adapted.assign(second);
        assertThat(adapted.model().output(input).equalsWithEps(secondOutput, 0)).isTrue();
        assertThat(firstOutput.equalsWithEps(secondOutput, 1e-3)).isFalse();
    }

    @Test
    void assign_takesACombination_whateverItsScaling() {
        LoraConfig config = CONFIG.toBuilder().modulesToSave().build();
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(base, config);
        Networks.fill(adapted.model().params(), 1);
        Adapter first = adapted.adapter().copy();
        Networks.fill(adapted.model().params(), 2);
        Adapter second = adapted.adapter().copy();
        Adapter combined = AdapterCombination.svd(
                List.of(new Weighted(first, 0.5), new Weighted(second, -0.25)), OptionalInt.empty());

        adapted.assign(combined);

        MultiLayerNetwork merged = adapted.merge();
        INDArray change = merged.getLayer(0).getParam("W").sub(base.getLayer(0).getParam("W"));
        Adapter.Factors pair = combined.factors().get("fc1.W");
        assertThat(change.distance2(pair.a().mmul(pair.b()))).isLessThan(1e-12);
    }

    @Test
    void assign_takesFactorsThatStartFromTheWeights_onTheSameBaseAlone() {
        LoraConfig config =
                CONFIG.toBuilder().initialization(Initialization.PISSA).build();
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(base, config);
        Adapter start = adapted.adapter().copy();
        adapted.model().fit(Networks.data(DataType.DOUBLE));
        adapted.assign(start);
        assertThat(Networks.difference(adapted.model().output(input), base.output(input)))
                .isLessThan(1e-14);

        MultiLayerNetwork another = base.clone();
        another.params().muli(0.5);
        for (Adapter wrong : List.of(
                LoraPlus.attach(another, config).adapter(),
                LoraPlus.attach(base, CONFIG).adapter(),
                LoraPlus.attach(base, config.toBuilder().alpha(3).build()).adapter())) {
            assertThatThrownBy(() -> adapted.assign(wrong))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("fit one base, initialization and scaling");
        }
    }

    @Test
    void assign_refusesOtherShapes_andChangesNothing() {
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(base, CONFIG);
        Networks.fill(adapted.model().params(), 1);
        INDArray before = adapted.model().params().dup();
        Adapter wide = LoraPlus.attach(base, CONFIG.toBuilder().rank(3).build()).adapter();
        Adapter fewer =
                LoraPlus.attach(base, CONFIG.toBuilder().targets("fc1").build()).adapter();
        Adapter more = LoraPlus.attach(
                        base,
                        CONFIG.toBuilder()
                                .targets("fc1", "fc2", "out")
                                .modulesToSave()
                                .build())
                .adapter();

        assertThatThrownBy(() -> adapted.assign(wide))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("A of 'fc1.W' is [5, 3], expected [5, 2]", "B of 'fc2.W'");
        assertThatThrownBy(() -> adapted.assign(fewer)).hasMessageContaining("factors of 'fc2.W' are missing");
        assertThatThrownBy(() -> adapted.assign(more))
                .hasMessageContainingAll("'out.W' is none, expected [6, 3]", "'out.W' has no place");
        assertThat(adapted.model().params().equalsWithEps(before, 0)).isTrue();
    }
}
