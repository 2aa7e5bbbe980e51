package dev.loraplus;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What a set of adapters refuses, whatever its model is. */
public final class AdapterSetChecks {
    private AdapterSetChecks() {}

    /**
     * Tries what can't be done with a set that holds the adapter {@code first} alone.
     *
     * @param second a configuration of the same model
     * @param folder an empty folder
     */
    public static void assertRefusals(AdapterSet<?> named, LoraConfig second, Path folder) throws IOException {
        Files.writeString(folder.resolve("adapter_config.json"), "{");

        assertThatThrownBy(() -> named.add(
                        "second", second.toBuilder().targets("nothing").build()))
                .isInstanceOf(NoMatchingTargetException.class);
        assertThatThrownBy(() -> named.load("second", folder)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> named.activate("first", "first")).hasMessageContaining("must differ");
        assertThatThrownBy(() -> named.activate("second"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("'second'", "[first]");
        assertThatThrownBy(() -> named.add("first", second)).hasMessageContaining("'first' already");
        assertThatThrownBy(() -> named.remove("first"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("active");
    }
}
