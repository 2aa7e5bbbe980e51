package dev.loraplus.io;

import dev.loraplus.Adapter;
import dev.loraplus.LoraConfig;
import dev.loraplus.Targets;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Holds an adapter folder in PEFT's layout, and reads and writes such folders: {@code adapter_config.json} with the keys
 * of PEFT 0.21 and {@code adapter_model.safetensors}.
 *
 * <p>The factors of module M are stored transposed, as {@code base_model.model.M.lora_A.weight} {@code [r, nIn]} and
 * {@code base_model.model.M.lora_B.weight} {@code [nOut, r]}, or as their {@link FactorLayout} says; fully trained variables keep their dotted name after
 * {@code base_model.model.} and take PyTorch's layout. What PEFT has no key for (lambda, eta, seed, initialisation, head
 * rate, the library's version and the base's fingerprint) is in the header of the tensors, as texts {@code loraplus.*},
 * with two hashes: {@code loraplus.config} is the SHA-256 of {@code adapter_config.json}, {@code loraplus.sha256} that
 * of the header's other texts and the tensors. A file with such texts is refused if anything in it or in the
 * configuration was changed.
 *
 * @since 0.1.0
 */
public final class PeftAdapterFile {
    static final String TENSORS = "adapter_model.safetensors";

    private static final Logger LOG = LoggerFactory.getLogger(PeftAdapterFile.class);

    /** The keys of {@code adapter_config.json} that only describe the adapter and travel in its provenance. */
    static final List<String> DESCRIPTIVE_KEYS = List.of("base_model_name_or_path", "task_type");

    private static final String PICKLE = "adapter_model.bin";

    private final Safetensors tensors;
    private final String subject;
    private final LoraConfig config;
    private final Map<String, String> provenance;
    private final List<String> notes;

    private PeftAdapterFile(
            Safetensors tensors,
            String subject,
            LoraConfig config,
            Map<String, String> provenance,
            List<String> notes) {
        this.tensors = tensors;
        this.subject = subject;
        this.config = config;
        this.provenance = provenance;
        this.notes = List.copyOf(notes);
    }

    /**
     * Writes an adapter and replaces the one in {@code folder}, which is created if it is missing.
     *
     * <p>Both files are complete and on the disk before the first takes its place, the tensors first: while a new folder
     * has no configuration, it can't be opened, and where a crash between the two moves pairs new tensors with another
     * configuration, {@link #open} says so. All values are written as F32. {@code eta}, {@code base}, {@code base_model_name_or_path} and
     * {@code task_type} are taken from the adapter's provenance, if they are there.
     *
     * @throws IllegalArgumentException if a value is NaN or infinite as a 32-bit number, a factor's shape doesn't fit
     *     the rank, or two weights map to one name; nothing is written then
     * @throws IOException if a file can't be written; the old one stays
     */
    public static void write(Path folder, Adapter adapter) throws IOException {
        write(folder, adapter, Map.of());
    }

    /**
     * Writes an adapter as {@link #write(Path, Adapter)}, some of whose weights are not linear.
     *
     * @param layouts how the factors of these weights are held, by the weights' names
     * @throws IllegalArgumentException as {@link #write(Path, Adapter)}
     * @throws IOException if a file can't be written; the old one stays
     */
    public static void write(Path folder, Adapter adapter, Map<String, FactorLayout> layouts) throws IOException {
        new PeftAdapterWriter(adapter, layouts).writeTo(folder);
    }

    /**
     * Reads the folder of an adapter and checks all that can be checked without the model.
     *
     * <p>A key missing in the configuration takes PEFT's default (r 8, alpha 8, dropout 0); lambda, seed and
     * initialisation, which PEFT doesn't know, take those of {@link LoraConfig}; if no target is named, all modules with
     * factors in the file are.
     *
     * @throws IOException if a file is missing, malformed or damaged, a value is NaN or infinite, or the adapter is of a
     *     kind that this library lacks; the message names file and key or tensor
     */
    public static PeftAdapterFile open(Path folder) throws IOException {
        PeftConfig peft = PeftConfig.read(folder);
        Path file = folder.resolve(TENSORS);
        if (!Files.exists(file) && Files.exists(folder.resolve(PICKLE))) {
            throw new IOException("'" + folder.resolve(PICKLE) + "' is a pickle file, which isn't read because it can "
                    + "run code; expected '" + TENSORS + "'. Save the adapter with safe_serialization=True.");
        }
        Safetensors tensors = Safetensors.read(file);
        PeftMetadata metadata = new PeftMetadata("'" + file + "'", tensors.metadata());
        metadata.requireIntact(tensors.tensors());
        metadata.requireConfiguration(peft);
        requireUsable(metadata.subject(), tensors.tensors());
        LoraConfig config = config(peft, metadata, tensors.tensors().keySet());
        return new PeftAdapterFile(
                tensors, "'" + file + "'", config, provenance(peft, metadata), notes(peft, metadata, config));
    }

    /**
     * Returns the configuration that the adapter was made with, as far as the files tell. Its modules to save may name
     * some that neither the file nor the model holds: PEFT writes {@code classifier} and {@code score} for every
     * classifier; see {@link #savedVariables()}.
     */
    public LoraConfig config() {
        return config;
    }

    /** Returns remarks for the user, each a sentence; empty for a file of this library that knows its base. */
    public List<String> notes() {
        return notes;
    }

    /** Returns the {@link BaseFingerprint} of the model that the adapter was trained on, if the file holds one. */
    public Optional<String> baseFingerprint() {
        return Optional.ofNullable(provenance.get(PeftMetadata.BASE));
    }

    /** Returns the module paths that the file holds factors for. */
    public Set<String> adaptedModules() {
        return PeftKeys.modules(tensors.tensors().keySet());
    }

    /** Returns the dotted names of all other variables that the file holds, for example {@code classifier.weight}. */
    public Set<String> savedVariables() {
        return PeftKeys.variables(tensors.tensors().keySet());
    }

    /**
     * Returns the adapter of a model with these slots, in their order, as arrays in the model's layout: FLOAT, or DOUBLE
     * where the file holds F64.
     *
     * @param slots all weights that take factors and all variables that are replaced
     * @throws IOException if a slot's tensor is missing or has another shape or type, or a tensor of the file has no
     *     slot; the message lists all of them
     */
    public Adapter bind(List<Slot> slots) throws IOException {
        PeftBinder binder = new PeftBinder(tensors.tensors(), config);
        binder.bind(subject, slots);
        return new Adapter(config, binder.factors(), binder.saved(), provenance);
    }

    private static void requireUsable(String subject, Map<String, INDArray> tensors) throws IOException {
        List<String> nonFinite = NonFinite.in(tensors);
        if (!nonFinite.isEmpty()) {
            throw new IOException(subject + ": " + String.join("; ", nonFinite) + "; expected finite values.");
        }
        List<String> unsupported = PeftKeys.unsupported(tensors.keySet());
        if (!unsupported.isEmpty()) {
            throw new IOException(subject + " holds tensors of a kind that this library lacks: " + unsupported
                    + "; expected factors of linear, embedding and convolution modules, with DoRA's magnitudes and B's"
                    + " biases.");
        }
    }

    private static LoraConfig config(PeftConfig peft, PeftMetadata metadata, Set<String> keys) throws IOException {
        Set<String> modules = PeftKeys.modules(keys);
        if (peft.namesNoTargets()
                && modules.isEmpty()
                && PeftKeys.variables(keys).isEmpty()) {
            throw new IOException(peft.subject() + " names no target_modules and " + metadata.subject()
                    + " holds neither factors nor trained variables; expected an adapter.");
        }
        try {
            LoraConfig.Builder builder = peft.builder().targets(peft.targets(modules));
            metadata.applyTo(builder);
            return builder.build();
        } catch (IllegalArgumentException e) {
            throw new IOException(
                    peft.subject() + " or the header of " + metadata.subject() + ": " + e.getMessage(), e);
        }
    }

    private static Map<String, String> provenance(PeftConfig peft, PeftMetadata metadata) {
        Map<String, String> provenance = new LinkedHashMap<>();
        for (String key : List.of(PeftMetadata.ETA, PeftMetadata.BASE)) {
            metadata.text(key).ifPresent(value -> provenance.put(key, value));
        }
        for (String key : DESCRIPTIVE_KEYS) {
            peft.text(key).ifPresent(value -> provenance.put(key, value));
        }
        return provenance;
    }

    private static List<String> notes(PeftConfig peft, PeftMetadata metadata, LoraConfig config) {
        List<String> notes = new ArrayList<>();
        if (!metadata.isOurs()) {
            notes.add(metadata.subject() + " holds no lambda, seed and initialisation; lambda = " + config.lambda()
                    + ", seed = " + config.seed() + " and " + config.initialization() + " are assumed.");
        }
        if (metadata.text(PeftMetadata.BASE).isEmpty()) {
            notes.add(metadata.subject() + " holds no fingerprint of its base; that it fits this model isn't checked.");
        }
        if (peft.namesNoTargets() && !config.targets().equals(Targets.none())) {
            notes.add(peft.subject() + " names no target_modules; the modules of the file are taken.");
        }
        if (!peft.unknown().isEmpty()) {
            String note = peft.subject() + " holds keys that PEFT 0.21 doesn't know, which are ignored: "
                    + peft.unknown() + ".";
            LOG.warn(note);
            notes.add(note);
        }
        return notes;
    }
}
