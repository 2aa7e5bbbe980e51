package dev.loraplus.samples

import dev.loraplus.LoraPlus
import dev.loraplus.samediff.training.LoraTrainer
import dev.loraplus.samples.gloss.GlossOptions
import org.assertj.core.api.Assertions.assertThat
import org.junit.jupiter.api.Test
import org.nd4j.autodiff.samediff.SameDiff
import org.nd4j.linalg.api.buffer.DataType
import org.nd4j.linalg.factory.Nd4j
import java.nio.file.Path

/** The Kotlin program says what its Java twin says. */
class QuickstartTest {
    @Test
    fun `Kotlin and Java attach the same adapter and train it at the same rates`() {
        for (targets in listOf(listOf("query"), listOf(GlossOptions.ALL_LINEAR))) {
            val options = GlossOptions(7, 30, 2, 4.0, 1e-3, 2e-2, 5, targets, Path.of("target"), listOf())
            val kotlin = graph().adapted(options)
            val java = LoraPlus.attach(graph(), options.config())

            assertThat(kotlin.config()).isEqualTo(java.config())
            assertThat(kotlin.adapter().factors()).isEqualTo(java.adapter().factors())
            kotlin.trainer(options).use { mine ->
                options.trainer(java).build().use { theirs ->
                    assertThat(groups(mine)).isEqualTo(groups(theirs)).isNotEmpty()
                }
            }
        }
    }

    private fun groups(trainer: LoraTrainer): List<Any> =
        trainer.groups().assignments().map { listOf(it.parameter().name(), it.group(), it.rate(), it.decay()) }

    private fun graph(): SameDiff =
        SameDiff.create().apply {
            val x = placeHolder("x", DataType.FLOAT, -1, 7)
            val labels = placeHolder("labels", DataType.FLOAT, -1, 3)
            val query = mmul(x, `var`("query.weight", Nd4j.ones(7, 6)))
            val product = mmul(query, `var`("classifier.weight", Nd4j.ones(6, 3)))
            loss.softmaxCrossEntropy("loss", labels, product.add(`var`("classifier.bias", Nd4j.ones(3))), null)
            setLossVariables("loss")
        }
}
