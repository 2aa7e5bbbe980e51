package dev.loraplus.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.Targets;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.NoOp;

/** The page of supported layers is what the tests of the kinds of layers cover; {@code -Ddocs.update} writes it anew. */
class SupportedLayersTest {
    private static final Path PAGE = Path.of("../docs/supported-layers.md");
    private static final String FIRST = "layer0.";

    @Test
    void page_isMadeFromTheKindsThatAreTested() throws IOException {
        Nd4j.setDefaultDataTypes(DataType.DOUBLE, DataType.DOUBLE);
        String table;
        try {
            table = Stream.concat(
                            LayerKind.all().map(kind -> row(kind, "checked against numbers")),
                            LayerKind.wrongInDl4j()
                                    .map(kind -> row(kind, "wrong in DL4J itself; the same factor here")))
                    .collect(Collectors.joining("\n"));
        } finally {
            Nd4j.setDefaultDataTypes(DataType.FLOAT, DataType.FLOAT);
        }
        String page = Files.readString(PAGE);
        int start = page.indexOf("|---|");
        int body = page.indexOf('\n', start) + 1;
        int end = page.indexOf("\n\n", body);
        if (System.getProperty("docs.update") != null) {
            Files.writeString(PAGE, page.substring(0, body) + table + page.substring(end));
        }
        assertThat(page.substring(body, end)).isEqualTo(table);
    }

    private static String row(LayerKind kind, String gradient) {
        MultiLayerNetwork network = kind.network(new NoOp());
        List<String> all = keys(network, Targets.glob("*"));
        List<String> byDefault = keys(network, Targets.allLinear());
        List<String> byName =
                all.stream().filter(key -> !byDefault.contains(key)).toList();
        boolean branch = BranchLayers.supports(kind.layers().get(0));
        return Stream.of(
                        kind.name(),
                        kind.layers().get(0).getClass().getSimpleName(),
                        code(byDefault),
                        code(byName),
                        all.isEmpty() ? "frozen" : branch ? "a branch" : "W + scaling·A·B",
                        gradient)
                .collect(Collectors.joining(" | ", "| ", " |"))
                .replace("|  |", "| |")
                .replace("|  |", "| |");
    }

    /** Returns which weights of the first layer get factors. */
    private static List<String> keys(MultiLayerNetwork network, Targets targets) {
        LoraConfig config =
                LoraConfig.builder().rank(2).lambda(1).targets(targets).build();
        return new TreeSet<>(
                        LoraPlus.attach(network, config).adapter().factors().keySet())
                .stream()
                        .filter(name -> name.startsWith(FIRST))
                        .map(name -> name.substring(FIRST.length()))
                        .toList();
    }

    private static String code(List<String> keys) {
        return keys.stream().map(key -> "`" + key + "`").collect(Collectors.joining(", "));
    }
}
