package dev.loraplus.campaign;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/** A kind of files to damage, and the way users open them. */
interface Specimen {
    /** Returns what messages call it. */
    String title();

    /**
     * Returns whether {@code damaged} still says that it carries checksums, so that it must be refused; otherwise what is
     * still valid may load, wholly.
     */
    boolean sealed(Map<String, byte[]> damaged);

    /** Returns the intact files by name. */
    Map<String, byte[]> files();

    /** Returns intact files of the same names that belong to something else. */
    Map<String, byte[]> strangers();

    /** Returns whether an exception of {@link #open} is one that users are told of. */
    default boolean refuses(Exception e) {
        return e instanceof IOException || e instanceof IllegalArgumentException;
    }

    /** Opens a folder of such files as users do; nothing else is timed. */
    void open(Path folder) throws IOException;

    /** Checks, after {@link #open} returned, that all of the files is in use; then takes it off again. */
    void requireWhole(Map<String, byte[]> files) throws IOException;

    /** Checks that the model is as it was before the first {@link #open}, to the bit. */
    void requireUntouched();
}
