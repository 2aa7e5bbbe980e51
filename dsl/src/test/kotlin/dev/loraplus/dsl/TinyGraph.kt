package dev.loraplus.dsl

import org.nd4j.autodiff.samediff.SameDiff
import org.nd4j.linalg.api.buffer.DataType
import org.nd4j.linalg.api.ndarray.INDArray
import org.nd4j.linalg.factory.Nd4j
import java.util.Random

/** x·Wq, tanh, ·Wv + b, softmax cross-entropy: 7 → 6 → 3 for batches of 5. */
internal object TinyGraph {
    fun create(): SameDiff =
        SameDiff.create().apply {
            val x = placeHolder("x", DataType.FLOAT, -1, 7)
            val labels = placeHolder("labels", DataType.FLOAT, -1, 3)
            val hidden = math.tanh(mmul(x, `var`("query.weight", values(1, 7, 6))))
            val value = mmul(hidden, `var`("value.weight", values(2, 6, 3)))
            val logits = value.add("logits", `var`("value.bias", values(3, 3)))
            loss.softmaxCrossEntropy("loss", labels, logits, null)
            setLossVariables("loss")
        }

    fun batch(): Map<String, INDArray> = mapOf("x" to values(4, 5, 7))

    /** The logits as plain numbers, which are equal only if every bit is. */
    fun logits(graph: SameDiff): List<Float> =
        graph
            .output(batch(), "logits")
            .getValue("logits")
            .reshape(-1)
            .toFloatVector()
            .toList()

    fun values(
        seed: Long,
        vararg shape: Long,
    ): INDArray {
        val numbers = Random(seed).doubles(shape.reduce(Long::times), -1.0, 1.0).toArray()
        return Nd4j.createFromArray(*numbers).castTo(DataType.FLOAT).reshape('c', *shape)
    }
}
