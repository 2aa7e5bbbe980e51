package dev.loraplus.backend;

import org.jspecify.annotations.Nullable;

/**
 * Says that ND4J found no backend that runs on this machine, what is missing, and what to do.
 *
 * @since 0.1.0
 */
public final class NoNativeBackendException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    NoNativeBackendException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
