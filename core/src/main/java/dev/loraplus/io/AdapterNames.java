package dev.loraplus.io;

import dev.loraplus.AdapterSet;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Keeps what belongs to several adapters by their names, which are those of folders, and which of them are active. Not
 * thread-safe.
 *
 * @param <V> what belongs to an adapter
 * @since 0.1.0
 */
public final class AdapterNames<V> {
    private static final Pattern NAME = Pattern.compile("[\\w-][\\w.-]*");

    private final Map<String, V> values = new LinkedHashMap<>();
    private List<String> active = List.of();

    /** Returns all names, in the order in which they came. */
    public List<String> all() {
        return List.copyOf(values.keySet());
    }

    /** Returns the names of those that are active. */
    public List<String> active() {
        return active;
    }

    /** Returns whether a name alone is active. */
    public boolean isActiveAlone(String name) {
        return active.equals(List.of(name));
    }

    /** Says which are active. */
    public void activate(List<String> names) {
        active = List.copyOf(names);
    }

    /**
     * Checks names that are to be activated and returns them.
     *
     * @throws IllegalArgumentException if a name is unknown or given twice
     */
    public List<String> known(String... names) {
        List<String> wanted = List.of(names);
        wanted.forEach(this::get);
        if (wanted.stream().distinct().count() != wanted.size()) {
            throw new IllegalArgumentException("Names of adapters to activate must differ, got " + wanted + ".");
        }
        return wanted;
    }

    /**
     * Returns what belongs to a name.
     *
     * @throws IllegalArgumentException if it is unknown
     */
    public V get(String name) {
        V value = values.get(name);
        if (value == null) {
            throw new IllegalArgumentException("There is no adapter '" + name + "', expected one of " + all() + ".");
        }
        return value;
    }

    /** Returns whether there is a name. */
    public boolean contains(String name) {
        return values.containsKey(name);
    }

    /**
     * Checks that a name can be added.
     *
     * @throws IllegalArgumentException if it is in use or no name of a folder
     */
    public void requireNew(String name) {
        if (contains(name)) {
            throw new IllegalArgumentException(
                    "There is an adapter '" + name + "' already; remove it or choose another name.");
        }
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("The name of an adapter is that of a folder; expected letters, digits,"
                    + " '_', '-' and '.', not '.' first, got '" + name + "'.");
        }
    }

    /** Adds what belongs to a name, or replaces it. */
    public void put(String name, V value) {
        values.put(name, value);
    }

    /**
     * Forgets a name that is not active.
     *
     * @throws IllegalArgumentException if it is unknown
     * @throws IllegalStateException if it is active
     */
    public void remove(String name) {
        get(name);
        if (active.contains(name)) {
            throw new IllegalStateException(
                    "Adapter '" + name + "' is active and can't be removed; activate another one, or none, first.");
        }
        values.remove(name);
    }

    /** Returns where PEFT has an adapter's files: in the folder itself, or one of its name. */
    public static Path folder(Path folder, String name) {
        return name.equals(AdapterSet.DEFAULT) ? folder : folder.resolve(name);
    }
}
