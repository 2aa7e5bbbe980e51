package dev.loraplus.io;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.Adapter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Damages valid adapter folders at random; a damaged one is refused with an IOException or loads wholly. */
class PeftMutationTest {
    private static final long SEED = 20240219;
    private static final int MUTATIONS = 300;

    private final Path folder;
    private final Random random = new Random(SEED);

    PeftMutationTest(@TempDir Path folder) {
        this.folder = folder;
    }

    @Test
    void damagedFolderOfOurs_isRefusedOrLoadsWholly() throws IOException {
        PeftAdapterFile.write(folder, PeftAdapterFile.open(PeftFixture.FOLDER).bind(PeftFixture.slots()));
        String intact = fingerprint(PeftAdapterFile.open(folder).bind(PeftFixture.slots()));

        int refused = damageAndLoad(
                "ours", adapter -> assertThat(fingerprint(adapter)).isEqualTo(intact));

        assertThat(refused).isGreaterThan(MUTATIONS / 2);
    }

    @Test
    void damagedFolderOfPeft_isRefusedOrLoads() throws IOException {
        PeftFixture.copy(folder, config -> {});

        int refused =
                damageAndLoad("peft", adapter -> assertThat(adapter.factors()).hasSize(4));

        assertThat(refused).isGreaterThan(MUTATIONS / 3);
    }

    private int damageAndLoad(String title, Consumer<Adapter> check) throws IOException {
        byte[] tensors = Files.readAllBytes(folder.resolve(PeftFixture.TENSORS));
        byte[] config = Files.readAllBytes(folder.resolve(PeftFixture.CONFIG));
        int refused = 0;
        for (int i = 0; i < MUTATIONS; i++) {
            boolean hitsTensors = random.nextInt(3) > 0;
            Files.write(folder.resolve(PeftFixture.TENSORS), hitsTensors ? damage(tensors) : tensors);
            Files.write(folder.resolve(PeftFixture.CONFIG), hitsTensors ? config : damage(config));
            try {
                check.accept(PeftAdapterFile.open(folder).bind(PeftFixture.slots()));
            } catch (IOException e) {
                assertThat(e.getMessage()).as("mutation %d, seed %d", i, SEED).contains("adapter_");
                refused++;
            } catch (RuntimeException | Error e) {
                throw new AssertionError(title + ": mutation " + i + ", seed " + SEED, e);
            }
        }
        System.out.println("adapter mutations (" + title + "): " + MUTATIONS + " tried, " + refused + " refused, "
                + (MUTATIONS - refused) + " harmless");
        return refused;
    }

    private byte[] damage(byte[] intact) {
        byte[] bytes = intact.clone();
        switch (random.nextInt(5)) {
            case 0 -> bytes = Arrays.copyOf(intact, random.nextInt(intact.length));
            case 1 -> bytes = Arrays.copyOf(intact, intact.length + 1 + random.nextInt(100));
            case 2 -> bytes[random.nextInt(Long.BYTES)] ^= (byte) (1 << random.nextInt(8));
            case 3 -> bytes[random.nextInt(Math.min(2000, bytes.length))] ^= (byte) (1 << random.nextInt(8));
            default -> bytes[random.nextInt(bytes.length)] = (byte) ('0' + random.nextInt(10));
        }
        return bytes;
    }

    private static String fingerprint(Adapter adapter) {
        Map<String, INDArray> arrays = new java.util.HashMap<>();
        adapter.factors().forEach((name, factors) -> {
            arrays.put(name + " a", factors.a());
            arrays.put(name + " b", factors.b());
        });
        adapter.saved().forEach((name, saved) -> arrays.put(name, saved.value()));
        return BaseFingerprint.of(arrays);
    }
}
