package dev.loraplus.dsl

import dev.loraplus.dsl.samples.Given
import io.kotest.core.spec.style.FreeSpec
import io.kotest.engine.spec.tempdir
import io.kotest.engine.spec.tempfile
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.doubles.shouldBeLessThan
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import org.nd4j.autodiff.samediff.SameDiff
import org.nd4j.linalg.api.buffer.DataType
import org.nd4j.linalg.dataset.DataSet
import org.nd4j.linalg.dataset.adapter.MultiDataSetIteratorAdapter
import org.nd4j.linalg.dataset.api.iterator.TestDataSetIterator
import org.nd4j.linalg.factory.Nd4j
import java.io.File

class ReadmeTest :
    FreeSpec({
        "the Kotlin code of the README is the example" {
            val example = File("src/test/kotlin/dev/loraplus/dsl/ReadmeExample.kt").readText()
            val readme = File("../README.md").readText()

            findAll(readme, "```kotlin\n([\\s\\S]*?)\n```") shouldBe
                findAll(example, "// README[a-z ]*: begin\n([\\s\\S]*?)\n *// README[a-z ]*: end")
        }

        "the example trains, saves and merges" {
            val folder = tempdir()

            val adapted = readmeExample(graph(), data(), folder.toPath())

            adapted.isMerged shouldBe true
            folder.list()!!.toList() shouldContain "adapter_model.safetensors"
        }

        "the example for networks trains, saves and merges" {
            val base = Given.network()
            val zip = tempfile()

            val merged = readmeExample(base, Given.data(), zip)

            merged.score(Given.examples()) shouldBeLessThan base.score(Given.examples())
            zip.length() shouldBeGreaterThan 0L
        }
    })

private fun findAll(
    text: String,
    regex: String,
): List<String> = Regex(regex).findAll(text).map { it.groupValues[1].trimIndent() }.toList()

/** input·query, tanh, ·value, tanh, ·classifier + bias, softmax cross-entropy. */
private fun graph(): SameDiff =
    SameDiff.create().apply {
        val input = placeHolder("input", DataType.FLOAT, -1, 11)
        val labels = placeHolder("labels", DataType.FLOAT, -1, 3)
        val query = math.tanh(mmul(input, `var`("query.weight", TinyGraph.values(1, 11, 10))))
        val value = math.tanh(mmul(query, `var`("value.weight", TinyGraph.values(2, 10, 9))))
        val logits = mmul(value, `var`("classifier.weight", TinyGraph.values(3, 9, 3)))
        loss.softmaxCrossEntropy("loss", labels, logits.add(`var`("classifier.bias", TinyGraph.values(4, 3))), null)
        setLossVariables("loss")
    }

private fun data(): MultiDataSetIteratorAdapter {
    val batch = DataSet(TinyGraph.values(5, 5, 11), Nd4j.eye(3).getRows(0, 2, 1, 0, 2))
    return MultiDataSetIteratorAdapter(TestDataSetIterator(batch, 5))
}
