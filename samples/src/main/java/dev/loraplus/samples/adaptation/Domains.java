package dev.loraplus.samples.adaptation;

import java.util.List;
import org.nd4j.linalg.dataset.DataSet;

/**
 * Holds the examples of both domains; no example is in two parts.
 *
 * @param pretraining batches of the old domain that the base is trained on
 * @param training batches of the new domain to adapt with
 * @param validation examples of the new domain, to choose a learning rate with
 * @param newTest examples of the new domain, looked at once
 * @param oldTest examples of the old domain, to see what was forgotten
 */
public record Domains(
        List<DataSet> pretraining, List<DataSet> training, DataSet validation, DataSet newTest, DataSet oldTest) {
    /** Creates domains; the lists are copied. */
    public Domains {
        pretraining = List.copyOf(pretraining);
        training = List.copyOf(training);
    }
}
