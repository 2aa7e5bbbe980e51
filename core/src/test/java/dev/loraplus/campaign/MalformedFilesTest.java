package dev.loraplus.campaign;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.samediff.AdaptedGraph;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Opens thousands of damaged files as users do: what this library wrote is refused whatever was changed, unless the
 * header was stripped of all that says so; what others wrote is refused or loaded wholly. A refusal is an IOException or an IllegalArgumentException, comes within a second
 * and 200 MB, and leaves the model as it was.
 */
@Timeout(value = 5, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class MalformedFilesTest {
    private static final long SEED = 20261122;
    private static final int CASES = 700;
    private static final Path RESOURCES = Path.of("src/test/resources");
    private static final Path PEFT_GRAPH = RESOURCES.resolve("peft-0.21.2-bert-qv");
    private static final Path PEFT_NETWORK = RESOURCES.resolve("networks/peft-0.21.2-mlp");

    private final Path temporary;

    MalformedFilesTest(@TempDir Path temporary) {
        this.temporary = temporary;
    }

    @Test
    void graphAdapterOfOurs_isRefusedWhateverIsDamaged() throws IOException {
        Campaign campaign = run(ourGraph());

        assertThat(campaign.whole()).as("whose header lost all texts of ours").isLessThan(CASES / 50);
    }

    @Test
    void networkAdapterOfOurs_isRefusedWhateverIsDamaged() throws IOException {
        Campaign campaign = run(ourNetwork());

        assertThat(campaign.whole()).as("whose header lost all texts of ours").isLessThan(CASES / 50);
    }

    @Test
    void graphAdapterOfPeft_isRefusedOrLoadsWholly() throws IOException {
        Campaign campaign = run(new GraphSpecimen("PEFT's adapter of a graph", false, PEFT_GRAPH, PEFT_NETWORK));

        assertThat(campaign.refused()).isGreaterThan(CASES / 2);
        assertThat(campaign.whole()).isGreaterThan(CASES / 50);
    }

    @Test
    void networkAdapterOfPeft_isRefusedOrLoadsWholly() throws IOException {
        Campaign campaign = run(new NetworkSpecimen("PEFT's adapter of a network", false, PEFT_NETWORK, PEFT_GRAPH));

        assertThat(campaign.refused()).isGreaterThan(CASES / 2);
        assertThat(campaign.whole()).isGreaterThan(CASES / 50);
    }

    @Test
    void checkpoint_isRefusedWhateverIsDamaged() throws IOException {
        Campaign campaign = run(new CheckpointSpecimen(temporary.resolve("ours"), temporary.resolve("strange")));

        assertThat(campaign.whole()).as("where it was deleted").isLessThan(CASES / 10);
    }

    @Test
    void adapterOfOurs_isRefusedWhereverABitFlips() throws IOException {
        Specimen specimen = ourNetwork();
        Campaign campaign = new Campaign(specimen, Files.createDirectories(temporary.resolve("flips")));
        Random random = new Random(SEED);
        int bytes = 0;
        for (Map.Entry<String, byte[]> file : specimen.files().entrySet()) {
            for (int at = 0; at < file.getValue().length; at++) {
                byte[] damaged = file.getValue().clone();
                Damage.flip(damaged, at, random);
                Map<String, byte[]> files = new LinkedHashMap<>(specimen.files());
                files.put(file.getKey(), damaged);
                campaign.run(files, "bit of byte " + at + " of " + file.getKey() + ", seed " + SEED);
                bytes++;
            }
        }
        System.out.println("malformed files, one bit of every byte, " + campaign);
        assertThat(campaign.refused()).isEqualTo(bytes);
    }

    @Test
    void adapterOfPeft_isRefusedOrLoadsWholly_whateverAKeyHolds() throws IOException {
        Specimen specimen = new NetworkSpecimen("PEFT's adapter of a network", false, PEFT_NETWORK, PEFT_GRAPH);
        Campaign campaign = new Campaign(specimen, Files.createDirectories(temporary.resolve("keys")));
        for (Map.Entry<String, byte[]> file : specimen.files().entrySet()) {
            Document document = Document.of(file.getKey(), file.getValue()).orElseThrow();
            Map<String, String> texts = new TextDamage(new Random(SEED)).everyOddValue(document.json());
            for (Map.Entry<String, String> text : texts.entrySet()) {
                Map<String, byte[]> files = new LinkedHashMap<>(specimen.files());
                files.put(file.getKey(), document.with(text.getValue()));
                campaign.run(files, file.getKey() + ": " + text.getKey());
            }
        }
        System.out.println("malformed files, every key with every odd value, " + campaign);
        assertThat(campaign.refused()).isGreaterThan(campaign.whole());
    }

    private Campaign run(Specimen specimen) throws IOException {
        Campaign campaign = new Campaign(specimen, Files.createDirectories(temporary.resolve("damaged")));
        Random random = new Random(SEED);
        for (int i = 0; i < CASES; i++) {
            Damage damage = Damage.values()[i % Damage.values().length];
            Map<String, byte[]> files;
            do {
                files = damage.apply(specimen.files(), specimen.strangers(), random);
            } while (same(files, specimen.files()));
            campaign.run(files, "case " + i + ", " + damage + ", seed " + SEED);
        }
        System.out.println("malformed files, " + campaign);
        return campaign;
    }

    private Specimen ourGraph() throws IOException {
        Path folder = temporary.resolve("ours");
        LoraConfig config = LoraConfig.builder()
                .rank(2)
                .targets("query", "value")
                .modulesToSave("classifier")
                .build();
        AdaptedGraph adapted = LoraPlus.attach(GraphSpecimen.graph(), config);
        fill(adapted.adapter().factors().values().iterator().next().b());
        adapted.save(folder);
        Path strange = temporary.resolve("strange");
        LoraPlus.attach(
                        GraphSpecimen.graph(),
                        config.toBuilder().alpha(3).seed(1).build())
                .save(strange);
        return new GraphSpecimen("our adapter of a graph", true, folder, strange);
    }

    private Specimen ourNetwork() throws IOException {
        Path folder = temporary.resolve("ours");
        LoraConfig config = LoraConfig.builder().rank(2).build();
        MultiLayerNetwork network = NetworkSpecimen.network();
        LoraPlus.attach(network, config).save(folder);
        Path strange = temporary.resolve("strange");
        LoraPlus.attach(network, config.toBuilder().alpha(3).seed(1).build()).save(strange);
        return new NetworkSpecimen("our adapter of a network", true, folder, strange);
    }

    private static void fill(INDArray array) {
        Random random = new Random(SEED);
        for (long i = 0; i < array.length(); i++) {
            array.putScalar(i, random.nextFloat() - 0.5f);
        }
    }

    private static boolean same(Map<String, byte[]> left, Map<String, byte[]> right) {
        return left.keySet().equals(right.keySet())
                && left.entrySet().stream()
                        .allMatch(file ->
                                Arrays.equals(file.getValue(), Objects.requireNonNull(right.get(file.getKey()))));
    }
}
