package dev.loraplus.network.life;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.Initialization;
import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.network.AdaptedNetwork;
import dev.loraplus.network.Storage;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Restores adapted networks in a virtual machine that never saw their base. */
class SecondProcessTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource(
            value = Initialization.class,
            names = {"A_RANDOM_B_ZERO", "PISSA"})
    void anotherProcess_restoresBothStorages_onceTheBaseIsKnown(Initialization initialization) throws Exception {
        MultiLayerNetwork base = Life.network();
        AdaptedNetwork<MultiLayerNetwork> external = adapted(base, Storage.EXTERNAL, initialization);
        AdaptedNetwork<MultiLayerNetwork> embedded = adapted(base, Storage.EMBEDDED, initialization);
        ModelSerializer.writeModel(base, file("base.zip"), true);
        ModelSerializer.writeModel(external.model(), file("external.zip"), true);
        ModelSerializer.writeModel(embedded.model(), file("embedded.zip"), true);

        String text = run(System.getProperty("java.class.path"), SecondProcess.class);

        String id = hash(external);
        assertThat(text)
                .contains("refused: The base weights of layer 'fc1' with SHA-256 " + id)
                .contains("BaseWeightStore.register(base)")
                .containsOnlyOnce("Layer 'fc1' has an adapter and keeps its updater and rates: an updater in a");
        Life.assertSame(read("external.out"), external.model().output(Life.input()));
        Life.assertSame(read("embedded.out"), embedded.model().output(Life.input()));
        for (int i = 5; i < 8; i++) {
            external.model().fit(Life.data(i));
            embedded.model().fit(Life.data(i));
        }
        Life.assertSame(read("external.params"), external.model().params());
        Life.assertSame(read("embedded.params"), embedded.model().params());
        Life.assertSame(read("external.merged"), external.merge().params());
        Life.assertSame(read("embedded.merged"), embedded.merge().params());
    }

    /** What DL4J itself says of a class that it doesn't find, as the documentation shows it. */
    @Test
    void processWithoutOurClasses_failsWithDl4jsMessage() throws Exception {
        AdaptedNetwork<MultiLayerNetwork> adapted =
                adapted(Life.network(), Storage.EMBEDDED, Initialization.A_RANDOM_B_ZERO);
        ModelSerializer.writeModel(adapted.model(), file("embedded.zip"), true);
        Path classes = Files.createDirectory(folder.resolve("classes"));
        String name = PlainProcess.class.getName().replace('.', '/') + ".class";
        Files.createDirectories(classes.resolve(name).getParent());
        Files.copy(
                PlainProcess.class.getClassLoader().getResourceAsStream(name),
                classes.resolve(name),
                StandardCopyOption.REPLACE_EXISTING);
        String others = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> entry.endsWith(".jar") && !entry.contains("loraplus-"))
                .collect(Collectors.joining(File.pathSeparator));

        String text = run(classes + File.pathSeparator + others, PlainProcess.class);

        assertThat(text)
                .contains("Error deserializing MultiLayerConfiguration - configuration may have a custom layer")
                .contains("Could not resolve type id 'dev.loraplus.network.LoraLayer' as a subtype of");
    }

    private static AdaptedNetwork<MultiLayerNetwork> adapted(
            MultiLayerNetwork base, Storage storage, Initialization initialization) {
        LoraConfig config =
                Life.config().toBuilder().initialization(initialization).build();
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(base, config, Life.stored(storage));
        adapted.model().fit(Life.data(3));
        adapted.model().fit(Life.data(4));
        return adapted;
    }

    /** Returns the hash of the first layer's base weights, as the configuration has it. */
    private static String hash(AdaptedNetwork<MultiLayerNetwork> adapted) {
        String json = adapted.model().getLayerWiseConfigurations().toJson();
        int start = json.indexOf("\"baseId\"");
        return json.substring(json.indexOf('"', json.indexOf(':', start)) + 1).substring(0, 64);
    }

    private String run(String classPath, Class<?> main) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-Dorg.nd4j.log.initialization=false",
                "-Djava.io.tmpdir=" + System.getProperty("java.io.tmpdir"),
                "-cp",
                classPath,
                main.getName(),
                folder.toString()));
        Path out = folder.resolve("out.txt");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(out.toFile())
                .start();
        if (!process.waitFor(180, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
        String text = Files.readString(out, StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(text).isZero();
        return text;
    }

    private INDArray read(String name) throws IOException {
        return Nd4j.readBinary(file(name));
    }

    private File file(String name) {
        return folder.resolve(name).toFile();
    }
}
