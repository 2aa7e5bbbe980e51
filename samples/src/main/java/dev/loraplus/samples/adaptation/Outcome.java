package dev.loraplus.samples.adaptation;

/**
 * Holds what was measured of one way.
 *
 * @param way the way's name
 * @param rate the learning rate chosen on the validation examples; that of B is lambda times as high
 * @param headRate the learning rate of the last layer
 * @param lambda the learning rate of B divided by that of A; 1 where there is no B
 * @param trained how many parameters were trained
 * @param checkpointBytes size of all files of the checkpoint, without the state of the updater
 * @param seconds median duration of the trainings that the rate was chosen from
 * @param validation metric on the validation examples
 * @param newDomain metric on the test examples of the new domain
 * @param oldDomain metric on the old domain: of adapters when disabled, else of the network as it is now
 */
public record Outcome(
        String way,
        double rate,
        double headRate,
        double lambda,
        long trained,
        long checkpointBytes,
        double seconds,
        double validation,
        double newDomain,
        double oldDomain) {}
