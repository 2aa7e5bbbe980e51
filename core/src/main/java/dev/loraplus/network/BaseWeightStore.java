package dev.loraplus.network;

import dev.loraplus.io.BaseFingerprint;
import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.zip.CRC32C;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Finds the frozen weights of a layer by the SHA-256 of their contents, so that adapted networks, their copies and what
 * DL4J's tools make of their configuration share one base. Thread-safe.
 *
 * <p>It holds nothing alive: a layer's weights are there for as long as the base or a network with an adapter on it is.
 * A base whose weights are changed, for example by training it, changes under its adapters, and is no longer found.
 *
 * @since 0.1.0
 */
public final class BaseWeightStore {
    private static final Map<String, List<Entry>> ENTRIES = new ConcurrentHashMap<>();
    private static final ReferenceQueue<INDArray> GONE = new ReferenceQueue<>();

    private static final class Entry extends WeakReference<INDArray> {
        private final String id;
        private final boolean copy;
        private final long checksum;

        private Entry(String id, INDArray weights, boolean copy) {
            super(weights, GONE);
            this.id = id;
            this.copy = copy;
            this.checksum = copy ? 0 : checksum(weights);
        }

        /** Returns the weights, if they are there and still what they were. */
        private @Nullable INDArray weights() {
            INDArray weights = get();
            return weights != null && !weights.wasClosed() && isUnchanged(weights) ? weights : null;
        }

        private boolean isUnchanged(INDArray weights) {
            return copy ? id(weights).equals(id) : checksum(weights) == checksum;
        }

        private static long checksum(INDArray weights) {
            ByteBuffer bytes = HostBytes.of(weights);
            if (bytes == null) {
                return 0;
            }
            CRC32C checksum = new CRC32C();
            checksum.update(bytes);
            return checksum.getValue();
        }
    }

    private BaseWeightStore() {}

    /**
     * Makes the weights of a base known, before a network that was adapted on it is restored; keep a reference to the
     * base until then.
     *
     * @throws IllegalArgumentException if the network is not initialized
     */
    public static void register(MultiLayerNetwork base) {
        registerAll(MultiLayerTopology.INSTANCE, base);
    }

    /**
     * Makes the weights of a base known, before a network that was adapted on it is restored; keep a reference to the
     * base until then.
     *
     * @throws IllegalArgumentException if the network is not initialized
     */
    public static void register(ComputationGraph base) {
        registerAll(GraphTopology.INSTANCE, base);
    }

    /** Makes the parameters of a layer known and returns their hash; the array itself is what keeps them there. */
    static String register(INDArray weights) {
        Optional<Entry> known = ENTRIES.values().stream()
                .flatMap(List::stream)
                .filter(entry -> entry.refersTo(weights) && !entry.copy && entry.weights() != null)
                .findAny();
        if (known.isPresent() && HostBytes.of(weights) != null) {
            return known.get().id;
        }
        String id = id(weights);
        add(new Entry(id, weights, false));
        return id;
    }

    /**
     * Makes known where an embedded copy of a layer's parameters is; as the network can change it, its hash is computed
     * when it is looked up.
     */
    static void registerCopy(String id, INDArray weights) {
        add(new Entry(id, weights, true));
    }

    /** Returns the hash of a layer's parameters, whatever their shape. */
    static String id(INDArray weights) {
        return BaseFingerprint.of(Map.of("base", weights.reshape(weights.length())));
    }

    static @Nullable INDArray find(String id) {
        for (Entry entry : ENTRIES.getOrDefault(id, List.of())) {
            INDArray weights = entry.weights();
            if (weights != null) {
                return weights;
            }
        }
        return null;
    }

    /**
     * Returns the parameters of a layer.
     *
     * @throws IllegalStateException if they are not known or no longer there; the message names layer and hash
     */
    static INDArray require(String id, @Nullable String layer) {
        INDArray weights = find(id);
        if (weights == null) {
            throw new IllegalStateException("The base weights of layer '" + layer + "' with SHA-256 " + id
                    + " are not in memory, or were changed; load the network that the adapter was made on, keep a reference to it, and"
                    + " call BaseWeightStore.register(base) before restoring the adapted one.");
        }
        return weights;
    }

    static int size() {
        forgetGone();
        return ENTRIES.size();
    }

    private static <N> void registerAll(Topology<N> topology, N base) {
        topology.requireInitialized(base);
        for (Site site : topology.sites(base)) {
            if (site.runtime().numParams() > 0) {
                register(site.runtime().params());
            }
        }
    }

    /** Adds an entry before or behind those that are known: what nobody changes comes first. */
    private static void add(Entry entry) {
        ENTRIES.compute(entry.id, (id, known) -> {
            List<Entry> entries = new ArrayList<>(known == null ? List.of() : known);
            entries.removeIf(other -> other.refersTo(entry.get()));
            entries.add(entry.copy ? entries.size() : 0, entry);
            return List.copyOf(entries);
        });
        forgetGone();
    }

    private static void forgetGone() {
        for (Reference<? extends INDArray> gone = GONE.poll(); gone != null; gone = GONE.poll()) {
            Reference<? extends INDArray> dead = gone;
            ENTRIES.computeIfPresent(((Entry) gone).id, (id, entries) -> {
                List<Entry> left =
                        entries.stream().filter(entry -> entry != dead).toList();
                return left.isEmpty() ? null : left;
            });
        }
    }
}
