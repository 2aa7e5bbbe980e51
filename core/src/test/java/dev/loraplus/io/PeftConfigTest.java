package dev.loraplus.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.loraplus.LoraConfig;
import dev.loraplus.Targets;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PeftConfigTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path folder;

    PeftConfigTest(@TempDir Path folder) {
        this.folder = folder;
    }

    @Test
    void defaults_areAllKeysOfPeft() throws IOException {
        var peft = JSON.readTree(Files.readAllBytes(PeftFixture.FOLDER.resolve(PeftFixture.CONFIG)));

        assertThat(PeftOption.defaults().fieldNames())
                .toIterable()
                .hasSize(41)
                .containsExactlyElementsOf(peft::fieldNames);
    }

    @Test
    void open_takesPeftsDefaultForMissingKeys() throws IOException {
        PeftFixture.copy(folder, config -> config.retain("peft_type"));

        PeftAdapterFile file = PeftAdapterFile.open(folder);

        assertThat(file.config())
                .isEqualTo(LoraConfig.builder()
                        .rank(8)
                        .alpha(8)
                        .targets(file.adaptedModules().toArray(String[]::new))
                        .build());
        assertThat(file.notes()).anyMatch(note -> note.contains("names no target_modules"));
    }

    @Test
    void open_readsPatternsAllLinearAndExclusions() throws IOException {
        assertThat(targets("\".*\\\\.(query|value)\"", "null")).isEqualTo(Targets.regex(".*\\.(query|value)"));
        assertThat(targets("\"All-Linear\"", "[\"score\"]"))
                .isEqualTo(Targets.allLinear().exclude("score"));
        assertThat(targets("[\"query\"]", "\".*0.*\""))
                .isEqualTo(Targets.named("query").exclude(Targets.regex(".*0.*")));
        assertThat(targets("[\"query\"]", "[]")).isEqualTo(Targets.named("query"));
    }

    @Test
    void open_notesUnknownKeysByName() throws IOException {
        PeftFixture.copy(
                folder,
                config -> config.put("new_option", 1).put("other_option", true).put("runtime_config", "skipped"));

        assertThat(PeftAdapterFile.open(folder).notes())
                .filteredOn(note -> note.contains("doesn't know"))
                .singleElement()
                .asString()
                .contains("[new_option, other_option]");
    }

    @ParameterizedTest
    @ValueSource(strings = {"true", "false", "\"gaussian\"", "\"orthogonal\"", "\"eva\"", "\"mica\""})
    void open_acceptsStartsThatLeaveTheBase(String start) throws IOException {
        set("init_lora_weights", start);

        assertThat(PeftAdapterFile.open(folder).config().rank()).isEqualTo(4);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "trainable_token_indices|[1]",
                "trainable_token_indices|{\"embed\":[1]}",
                "target_parameters|[\"w\"]",
                "layer_replication|[[0,2]]",
                "megatron_config|{\"a\":1}",
                "use_qalora|true",
                "use_bdlora|{\"a\":1}",
                "kasa_config|{\"a\":1}",
                "alora_invocation_tokens|[1]",
                "velora_config|{\"a\":1}",
                "monteclora_config|{\"a\":1}",
                "arrow_config|{\"a\":1}",
                "ensure_weight_tying|true",
                "init_lora_weights|\"pissa_niter_4\"",
                "init_lora_weights|\"corda\"",
                "init_lora_weights|\"loftq\"",
                "init_lora_weights|\"lora_ga\"",
            })
    void open_refusesWhatWeLackByName(String key, String value) throws IOException {
        set(key, value);

        assertThatThrownBy(() -> PeftAdapterFile.open(folder))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll("adapter_config.json'", key + " = " + value, "lacks");
    }

    @Test
    void open_namesAllThatItLacksAtOnce() throws IOException {
        PeftFixture.copy(folder, config -> config.put("use_qalora", true).put("ensure_weight_tying", true));

        assertThatThrownBy(() -> PeftAdapterFile.open(folder))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll("ensure_weight_tying = true", "use_qalora = true");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "r|\"4\"|'r' is \"4\", expected a whole number",
                "r|4.0|'r' is 4.0, expected a whole number",
                "r|0|'r' is 0, expected a whole number of at least 1",
                "r|99999999999|'r' is 99999999999, expected a whole number of at least 1",
                "lora_alpha|null|'lora_alpha' is null, expected a number",
                "lora_alpha|-1|alpha must be finite and above 0, got -1.0",
                "lora_alpha|1e999|alpha must be finite and above 0, got Infinity",
                "lora_dropout|1.0|dropout must be in [0, 1), got 1.0",
                "target_modules|[1]|'target_modules' is [1], expected a list of texts",
                "target_modules|\"(\"|targets must be a valid regular expression, got '('",
                "target_modules|[\" \"]|targets must not be blank",
                "exclude_modules|3|'exclude_modules' is 3, expected a list of texts",
                "modules_to_save|\"classifier\"|'modules_to_save' is \"classifier\", expected a list of texts or null",
                "modules_to_save|[\"\"]|modulesToSave must hold names",
                "use_dora|\"no\"|'use_dora' is \"no\", expected true or false",
                "rank_pattern|[]|'rank_pattern' is [], expected an object of whole numbers or null",
                "rank_pattern|{\"a\":2.5}|'rank_pattern' is {\"a\":2.5}, expected an object of whole numbers",
                "rank_pattern|{\"a\":0}|rankPattern 'a' must be at least 1, got 0",
                "rank_pattern|{\"(\":2}|rankPattern must have a valid regular expression, got '('",
                "alpha_pattern|{\"a\":\"b\"}|'alpha_pattern' is {\"a\":\"b\"}, expected an object of numbers",
                "alpha_pattern|{\"a\":-1}|alphaPattern 'a' must be finite and above 0",
                "bias|\"some\"|'bias' is \"some\", expected \"none\", \"all\" or \"lora_only\"",
                "layers_to_transform|[1.5]|'layers_to_transform' is [1.5], expected a whole number, a list",
                "layers_to_transform|-1|layersToTransform must be at least 0, got -1",
                "layers_pattern|\"layer\"|layersPattern = [layer] has no effect without layersToTransform",
                "init_lora_weights|3|'init_lora_weights' is 3, expected true, false or a text",
                "peft_type|\"IA3\"|'peft_type' is \"IA3\", expected \"LORA\"",
                "peft_type|null|'peft_type' is null, expected \"LORA\"",
            })
    void open_refusesWrongValuesNamingTheKey(String key, String value, String telling) throws IOException {
        set(key, value);

        assertThatThrownBy(() -> PeftAdapterFile.open(folder))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll("adapter_config.json'", telling);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "{\"r\":4|not valid JSON",
                "{\"r\":4,\"r\":5}|Duplicate field 'r'",
                "[1]|must hold a JSON object, got ARRAY",
                "{}|'peft_type' is missing",
                "{\"lora_alpha\":NaN}|not valid JSON",
                "{\"peft_type\":\"LORA\"} x|not valid JSON",
            })
    void open_refusesBrokenJson(String json, String telling) throws IOException {
        PeftFixture.copy(folder, config -> {});
        Files.writeString(folder.resolve(PeftFixture.CONFIG), json);

        assertThatThrownBy(() -> PeftAdapterFile.open(folder))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll("adapter_config.json'", telling);
    }

    @Test
    void open_refusesEmptyDeepAndHugeConfigurations() throws IOException {
        PeftFixture.copy(folder, config -> {});
        for (String text : List.of("", "{\"a\":".repeat(200_000), " ".repeat(10_000_001))) {
            Files.writeString(folder.resolve(PeftFixture.CONFIG), text);

            assertThatThrownBy(() -> PeftAdapterFile.open(folder))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("adapter_config.json'");
        }
    }

    private Targets targets(String targets, String excluded) throws IOException {
        Path copy = Files.createTempDirectory(folder, "copy");
        PeftFixture.copy(copy, config -> {
            config.set("target_modules", json(targets));
            config.set("exclude_modules", json(excluded));
        });
        return PeftAdapterFile.open(copy).config().targets();
    }

    private void set(String key, String value) throws IOException {
        PeftFixture.copy(folder, config -> config.set(key, json("1e999".equals(value) ? "1" : value)));
        if ("1e999".equals(value)) {
            Path file = folder.resolve(PeftFixture.CONFIG);
            Files.writeString(file, Files.readString(file).replace("\"" + key + "\":1,", "\"" + key + "\":1e999,"));
        }
    }

    private static com.fasterxml.jackson.databind.JsonNode json(String text) {
        try {
            return JSON.readTree(text);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
