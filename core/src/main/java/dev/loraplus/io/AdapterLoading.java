package dev.loraplus.io;

import dev.loraplus.LoraConfig;
import dev.loraplus.ModulePath;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * Decides what every kind of model needs to know before an adapter from a file is put onto it.
 *
 * @since 0.1.0
 */
public final class AdapterLoading {
    private AdapterLoading() {}

    /**
     * Returns the file's configuration with the user's changes. PEFT lists names of heads that a model may have; modules
     * to save without a tensor in the file are left out.
     *
     * @param change changes lambda and its patterns, headRate, embeddingRate, dropout, initialization or seed
     * @throws IllegalArgumentException if anything else is changed
     */
    public static LoraConfig config(PeftAdapterFile file, UnaryOperator<LoraConfig.Builder> change) {
        LoraConfig config = withModulesOf(file);
        LoraConfig changed = change.apply(config.toBuilder()).build();
        if (!freed(changed, config).equals(config)) {
            throw new IllegalArgumentException("rank, alpha, targets, modulesToSave and all that says what the adapter"
                    + " is are those of the file when it is loaded, got " + changed + " for " + config + "; change"
                    + " lambda, headRate, embeddingRate, dropout or seed only.");
        }
        return changed;
    }

    /** Returns a changed configuration with the original's value for all that may be changed. */
    private static LoraConfig freed(LoraConfig changed, LoraConfig original) {
        LoraConfig.Builder builder = original.toBuilder()
                .rank(changed.rank())
                .alpha(changed.alpha())
                .rsLora(changed.rsLora())
                .dora(changed.dora())
                .bias(changed.bias())
                .loraBias(changed.loraBias())
                .targets(changed.targets())
                .layersPattern(changed.layersPattern().toArray(String[]::new))
                .layersToTransform(changed.layersToTransform().stream()
                        .mapToInt(Integer::intValue)
                        .toArray())
                .modulesToSave(changed.modulesToSave().toArray(String[]::new));
        changed.rankPattern().forEach(builder::rankPattern);
        changed.alphaPattern().forEach(builder::alphaPattern);
        if (changed.initialization().changesBase() || original.initialization().changesBase()) {
            builder.initialization(changed.initialization());
        }
        return builder.build();
    }

    /**
     * Checks that the adapter was trained on this base; a file that doesn't tell fits every base.
     *
     * @param folder the file's folder, for the message
     * @param model what the message calls the base, for example {@code graph}
     * @param actual gives the base's fingerprint, if the file holds one to compare with
     * @throws IOException if it was trained on another base
     */
    public static void requireBase(PeftAdapterFile file, Path folder, String model, Supplier<String> actual)
            throws IOException {
        Optional<String> expected = file.baseFingerprint();
        if (expected.isEmpty()) {
            return;
        }
        String got = actual.get();
        if (!got.equals(expected.get())) {
            throw new IOException("The adapter in " + folder + " was trained on another base: its fingerprint is "
                    + expected.get() + ", this " + model + "'s is " + got
                    + ". Load it onto the base it was trained on, or force it by allowing any base.");
        }
    }

    private static LoraConfig withModulesOf(PeftAdapterFile file) {
        LoraConfig config = file.config();
        String[] held = config.modulesToSave().stream()
                .filter(module -> file.savedVariables().stream().anyMatch(name -> ModulePath.isWithin(name, module)))
                .toArray(String[]::new);
        return config.toBuilder().modulesToSave(held).build();
    }
}
