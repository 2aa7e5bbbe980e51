package dev.loraplus.dsl

import io.kotest.core.spec.style.FreeSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith

/** What types can say is a compile error, at the line of the mistake. */
class CompileErrorsTest :
    FreeSpec({
        val sources = mistakes.mapValues { (_, mistake) -> source(mistake.code) } + ("right" to source(RIGHT))
        val errors = Compiler.errors(sources)

        "what is right compiles" {
            errors.getValue("right").shouldBeEmpty()
        }

        mistakes.forEach { (name, mistake) ->
            name {
                val found = errors.getValue(name)
                found.forEach { it shouldStartWith "$LINE: " }
                found.first() shouldContain mistake.message
            }
        }
    })

private class Mistake(
    val code: String,
    val message: String,
)

private const val LINE = 8

private fun source(code: String) =
    """
    import dev.loraplus.dsl.*
    import org.deeplearning4j.nn.conf.layers.*
    import org.deeplearning4j.nn.multilayer.MultiLayerNetwork
    import org.nd4j.autodiff.samediff.SameDiff
    import org.nd4j.linalg.dataset.api.iterator.DataSetIterator

    private fun program(net: MultiLayerNetwork, graph: SameDiff, data: DataSetIterator) {
        $code
    }
    """.trimIndent()

private const val RIGHT =
    "net.lora(8, 16) { targets { byType<DenseLayer>(); exclude { index(0) } }; optimizer { adamW(1e-3) } }"

private const val NO_CANDIDATE = "None of the following candidates is applicable"

private const val MISMATCH = "Argument type mismatch: actual type is "

private const val IMPLICIT = "cannot be called in this context with an implicit receiver"

private val mistakes =
    mapOf(
        "targets do not see the adapter around them" to
            Mistake("net.lora { targets { dropout = 0.1 } }", IMPLICIT),
        "an exclusion does not see the targets around it" to
            Mistake("net.lora { targets { exclude { include(\"a\") } } }", IMPLICIT),
        "an optimizer does not see the adapter around it" to
            Mistake("net.lora { optimizer { targets { } } }", IMPLICIT),
        "a schedule does not see the optimizer around it" to
            Mistake("graph.lora().train(data, 1) { optimizer { schedule { clip = 1 } } }", IMPLICIT),
        "DL4J's fine-tuning does not see the adapter around it" to
            Mistake("net.lora { fineTune { storage = null } }", IMPLICIT),
        "a graph has no layers to select by type" to
            Mistake("graph.lora { targets { byType<DenseLayer>() } }", "Unresolved reference 'byType'"),
        "a graph has no layers to select by position" to
            Mistake("graph.lora { targets { index(0) } }", "Unresolved reference 'index'"),
        "a graph's adapter has no updater before it is trained" to
            Mistake("graph.lora { optimizer { adamW(1e-3) } }", "Unresolved reference 'optimizer'"),
        "a network's updater is not said where it is trained" to
            Mistake("net.lora().train(data, 1) { optimizer { } }", "Unresolved reference 'optimizer'"),
        "DL4J does not clip all gradients together" to
            Mistake("net.lora { optimizer { clip = 1.0 } }", "Function invocation 'clip(...)' expected"),
        "a layer is not a type of layer" to
            Mistake("net.lora { targets { byType<String>() } }", "not within its bounds"),
        "a training wants its epochs" to
            Mistake("graph.lora().train(data) { optimizer { adamW(1e-3) } }", NO_CANDIDATE),
        "batches belong to examples in memory" to
            Mistake("net.lora().train(data, epochs = 1, batch = 5)", "$MISMATCH'DataSetIterator', but 'DataSet'"),
        "a method wants its rate" to
            Mistake("graph.lora().train(data, 1) { optimizer { adamW() } }", "No value passed for parameter 'eta'"),
        "a rank is a whole number" to
            Mistake("graph.lora(rank = 8.5)", "$MISMATCH'Double', but 'Int?' was expected"),
        "lambda is a number" to
            Mistake("graph.lora(lambda = \"16\")", "$MISMATCH'String', but 'Number?' was expected"),
        "a loaded adapter keeps its rank" to
            Mistake("net.adapter(java.nio.file.Path.of(\"a\")) { rank = 4 }", "Unresolved reference 'rank'"),
        "only layers have something around them" to
            Mistake("lora(rank = 8) around \"dense\"", NO_CANDIDATE),
    ).mapKeys { it.key.replace(' ', '_').replace("'", "") }
