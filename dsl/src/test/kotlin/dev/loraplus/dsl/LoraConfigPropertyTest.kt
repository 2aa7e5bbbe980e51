package dev.loraplus.dsl

import dev.loraplus.Initialization
import dev.loraplus.LoraConfig
import dev.loraplus.Targets
import io.kotest.core.spec.style.FreeSpec
import io.kotest.matchers.shouldBe
import io.kotest.property.Arb
import io.kotest.property.arbitrary.arbitrary
import io.kotest.property.arbitrary.choice
import io.kotest.property.arbitrary.constant
import io.kotest.property.arbitrary.double
import io.kotest.property.arbitrary.element
import io.kotest.property.arbitrary.enum
import io.kotest.property.arbitrary.int
import io.kotest.property.arbitrary.list
import io.kotest.property.arbitrary.long
import io.kotest.property.arbitrary.map
import io.kotest.property.arbitrary.orNull
import io.kotest.property.checkAll
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer
import org.deeplearning4j.nn.conf.layers.DenseLayer

/** Whatever is said, the DSL says what the Java builder says: the same configuration, or the same refusal. */
class LoraConfigPropertyTest :
    FreeSpec({
        "every configuration is the Java builder's, mistakes included" {
            checkAll(1000, configurations) { said -> outcome { said.inKotlin() } shouldBe outcome { said.inJava() } }
        }
    })

private class Said(
    val rank: Int?,
    val lambda: Number?,
    val alpha: Number?,
    val dropout: Number?,
    val headRate: Number?,
    val initialization: Initialization?,
    val seed: Long?,
    val included: List<Selection>,
    val excluded: List<Selection>,
    val saved: List<String>,
) {
    fun inKotlin(): LoraConfig {
        val said = this
        return NetworkLoraScope(rank, lambda, alpha)
            .apply {
                dropout = said.dropout
                headRate = said.headRate
                initialization = said.initialization
                seed = said.seed
                targets {
                    included.forEach { it.include(this) }
                    excluded.forEach { exclude { it.exclude(this) } }
                    saved.forEach { modulesToSave(it) }
                }
            }.config()
    }

    fun inJava(): LoraConfig {
        val builder = LoraConfig.builder()
        if (rank != null) builder.rank(rank)
        if (lambda != null) builder.lambda(lambda.toDouble())
        if (alpha != null) builder.alpha(alpha.toDouble())
        if (dropout != null) builder.dropout(dropout.toDouble())
        if (headRate != null) builder.headRate(headRate.toDouble())
        if (initialization != null) builder.initialization(initialization)
        if (seed != null) builder.seed(seed)
        var targets = included.map { it.targets() }.reduceOrNull(Targets::and) ?: Targets.allLinear()
        excluded.forEach { targets = targets.exclude(it.targets()) }
        return builder.targets(targets).modulesToSave(*saved.toTypedArray()).build()
    }

    override fun toString(): String =
        "rank=$rank lambda=$lambda alpha=$alpha dropout=$dropout headRate=$headRate initialization=$initialization " +
            "seed=$seed included=$included excluded=$excluded saved=$saved"
}

/** One way to select, said in Java, in `targets { }` and in `exclude { }`. */
private class Selection(
    private val name: String,
    val targets: () -> Targets,
    val include: NetworkTargetsScope.() -> Unit,
    val exclude: LayerExclusionScope.() -> Unit,
) {
    override fun toString(): String = name
}

private val texts = listOf("query", "layer.0.value", "*.dense", "", " ")

private val selections: List<Selection> =
    texts.map { Selection("glob $it", { Targets.glob(it) }, { glob(it) }, { glob(it) }) } +
        texts.map { Selection("regex $it", { Targets.regex(it) }, { regex(it) }, { regex(it) }) } +
        listOf(-1, 0, 2).map { Selection("index $it", { Targets.index(it) }, { index(it) }, { index(it) }) } +
        Selection(
            "types",
            { Targets.layerClass(DenseLayer::class.java, ConvolutionLayer::class.java) },
            { byType(DenseLayer::class.java, ConvolutionLayer::class.java) },
            { byType(DenseLayer::class.java, ConvolutionLayer::class.java) },
        ) +
        Selection(
            "type",
            { Targets.layerClass(DenseLayer::class.java) },
            { byType<DenseLayer>() },
            { byType<DenseLayer>() },
        ) +
        Selection("all linear", { Targets.allLinear() }, { allLinear() }, { allLinear() })

private val included =
    texts.map { name -> Selection("named $name", { Targets.named(name) }, { include(name) }, { error("a name") }) }

private val numbers: Arb<Number> =
    Arb.choice(
        Arb.int(-1..64),
        Arb.long(1L..64L),
        Arb.double(0.001, 40.0, includeNonFiniteEdgeCases = true),
        Arb.constant(2f),
    )

private val fractions: Arb<Number> =
    Arb.choice(Arb.double(-0.1, 1.1, includeNonFiniteEdgeCases = true), Arb.constant(0))

private val configurations: Arb<Said> =
    arbitrary {
        Said(
            Arb.int(-1..16).orNull().bind(),
            numbers.orNull().bind(),
            numbers.orNull().bind(),
            fractions.orNull().bind(),
            numbers.orNull(0.8).bind(),
            Arb.enum<Initialization>().orNull().bind(),
            Arb.long().orNull().bind(),
            Arb.list(Arb.element(selections + included), 0..3).bind(),
            Arb.list(Arb.element(selections), 0..2).bind(),
            Arb.list(Arb.element("classifier", "pooler", ""), 0..2).map { it }.bind(),
        )
    }

private fun outcome(block: () -> LoraConfig): Any? =
    try {
        block()
    } catch (e: IllegalArgumentException) {
        e.message
    }
