package dev.loraplus.network.life;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import org.bytedeco.javacpp.Pointer;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

class MemoryTest {
    private static final int WIDTH = 2048;
    private static final int HIDDEN = 3072;
    private static final int ROUNDS = 100;

    /** More rounds, as ND4J frees memory a little later, in a thread of its own. */
    private static final int PATIENCE = 20;

    /** 50 MB of weights: 2048 x 3072 and 3072 x 2048 floats. Measured is the process, with the last network alive. */
    @Test
    void hundredRoundsOfAttachAndDiscard_takeTheMemoryOfOne() throws InterruptedException {
        MultiLayerNetwork base = large();
        use(base);
        long one = use(base);
        long last = Long.MAX_VALUE;
        for (int i = 1; i < ROUNDS || last > 1.2 * one && i < ROUNDS + PATIENCE; i++) {
            last = use(base);
        }
        assertThat((double) last).isLessThanOrEqualTo(1.2 * one);
    }

    /** Adapts a base and returns the bytes that the process then has. */
    private static long use(MultiLayerNetwork base) throws InterruptedException {
        LoraConfig config = LoraConfig.builder().rank(2).lambda(4).build();
        MultiLayerNetwork network = LoraPlus.attach(base, config).model();
        network.output(Nd4j.ones(DataType.FLOAT, 2, WIDTH));
        System.gc(); // of the rounds before: ND4J frees what was collected
        Thread.sleep(20);
        long bytes = Pointer.physicalBytes();
        assertThat(network.getParam("0_WloraA").size(0)).isEqualTo(WIDTH);
        return bytes;
    }

    private static MultiLayerNetwork large() {
        MultiLayerConfiguration conf = Life.settings()
                .dataType(DataType.FLOAT)
                .updater(new Sgd(0.1))
                .list()
                .layer(Life.dense(HIDDEN).nIn(WIDTH).name("up").build())
                .layer(Life.dense(WIDTH).nIn(HIDDEN).name("down").build())
                .build();
        MultiLayerNetwork network = new MultiLayerNetwork(conf);
        INDArray params = Nd4j.ones(DataType.FLOAT, 1, 2L * WIDTH * HIDDEN + WIDTH + HIDDEN);
        network.init(params.muli(1e-3), false);
        return network;
    }
}
