package dev.loraplus;

import dev.loraplus.math.AdapterCombination;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * Keeps several adapters of one model by name, of which none, one or several are active. If a call fails, the model and
 * what is active stay as they were. Not thread-safe.
 *
 * <table>
 * <caption>What differs</caption>
 * <tr><th></th><th>SameDiff graph</th><th>MultiLayerNetwork, ComputationGraph</th></tr>
 * <tr><td>{@link #model()}</td><td>always the graph, changed in place</td>
 *     <td>the network of what is active; the base without</td></tr>
 * <tr><td>a handle</td><td>ends when others are activated, with its trainers; the values stay</td>
 *     <td>lives on with its network, whatever is active</td></tr>
 * </table>
 *
 * @param <M> the kind of model: SameDiff, MultiLayerNetwork or ComputationGraph
 * @since 0.1.0
 */
public interface AdapterSet<M> {
    /** The name whose files are in the folder itself, as PEFT has it. */
    String DEFAULT = "default";

    /**
     * Makes a new adapter and activates it alone (PEFT: {@code add_adapter} and {@code set_adapter}).
     *
     * @param name not in use yet
     * @return its handle
     * @throws IllegalArgumentException if the name is in use or no name of a folder, or the configuration doesn't fit
     */
    AdaptedModel<M> add(String name, LoraConfig config);

    /**
     * Loads an adapter from a PEFT folder and activates it alone (PEFT: {@code load_adapter} and {@code set_adapter}).
     *
     * @param name not in use yet
     * @param folder the folder with the two files
     * @return its handle
     * @throws IOException if the folder can't be read, does not fit the model, or was trained on another base
     * @throws IllegalArgumentException if the name is in use or no name of a folder
     */
    AdaptedModel<M> load(String name, Path folder) throws IOException;

    /** Returns all names, in the order in which they were added. */
    List<String> names();

    /** Returns the names of the adapters that {@link #model()} computes with. */
    List<String> active();

    /** Returns the model that computes with what is active. */
    M model();

    /**
     * Returns the handle of the active adapter.
     *
     * @throws IllegalStateException if none or several are active
     */
    AdaptedModel<M> adapted();

    /**
     * Activates adapters in place of those that are active (PEFT: {@code set_adapter}). The changes of several add up,
     * each with its own scaling and scale; they can be used but not trained together, and have no dropout then. Without
     * names the model is the plain one.
     *
     * @throws IllegalArgumentException if a name is unknown or given twice, or several can't be added up, as
     *     {@link AdapterCombination#cat} says
     * @throws IllegalStateException if an adapter that has to be read is disabled, or merged without keeping its base
     */
    void activate(String... names);

    /**
     * Returns the values of an adapter: a copy of now.
     *
     * @throws IllegalArgumentException if there is none of that name
     * @throws IllegalStateException if it is disabled
     */
    Adapter adapter(String name);

    /**
     * Forgets an adapter that is not active (PEFT: {@code delete_adapter}).
     *
     * @throws IllegalArgumentException if there is none of that name
     * @throws IllegalStateException if it is active
     */
    void remove(String name);

    /**
     * Multiplies an adapter's scaling as its configuration gives it (PEFT: {@code set_scale}); it stays while others are
     * active. Combinations and sums take it into account, files don't hold it.
     *
     * @param factor finite; 1 is the adapter as it was, bit for bit, and 0 the base
     * @throws IllegalArgumentException if there is none of that name, or the factor is not finite
     * @throws IllegalStateException if it is active, and the graph is merged; or it is disabled
     */
    void setScale(String name, double factor);

    /**
     * Returns what an adapter's scaling is multiplied by.
     *
     * @throws IllegalArgumentException if there is none of that name
     */
    double scale(String name);

    /**
     * Adds a linear combination, as {@link AdapterCombination#linear}, which is not activated.
     *
     * @param name not in use yet
     * @param weights the share of each adapter, by name
     * @throws IllegalArgumentException if a name is in use or unknown, or the adapters can't be combined
     * @throws IllegalStateException if one of them is disabled
     */
    void addLinear(String name, Map<String, Double> weights);

    /** Adds a combination of factors side by side, as {@link AdapterCombination#cat}; else as {@link #addLinear}. */
    void addCat(String name, Map<String, Double> weights);

    /** Adds the best combination of a rank, as {@link AdapterCombination#svd}; else as {@link #addLinear}. */
    void addSvd(String name, Map<String, Double> weights, OptionalInt rank);

    /**
     * Writes all adapters as PEFT does: the one named {@code default} to the folder itself, others to a folder of their
     * name in it. The same are active as before.
     *
     * @throws IOException if a file can't be written
     * @throws IllegalStateException if an adapter is disabled
     */
    void save(Path folder) throws IOException;
}
