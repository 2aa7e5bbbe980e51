package dev.loraplus.samediff.training;

/**
 * Says when a metric no longer improves.
 *
 * @param patience how many evaluations in a row without improvement end the call of fit: at least 1
 * @param minDelta by how much a value must be better than the best one to be an improvement: finite and at least 0
 */
record EarlyStopping(int patience, double minDelta) {
    EarlyStopping {
        if (patience < 1) {
            throw new IllegalArgumentException(
                    "The patience of early stopping must be at least 1 evaluation, got " + patience + ".");
        }
        if (!(minDelta >= 0) || Double.isInfinite(minDelta)) {
            throw new IllegalArgumentException(
                    "minDelta of early stopping must be finite and at least 0, got " + minDelta + ".");
        }
    }
}
