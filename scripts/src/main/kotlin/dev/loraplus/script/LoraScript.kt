package dev.loraplus.script

import kotlin.script.experimental.annotations.KotlinScript
import kotlin.script.experimental.api.ScriptAcceptedLocation
import kotlin.script.experimental.api.ScriptCompilationConfiguration
import kotlin.script.experimental.api.acceptedLocations
import kotlin.script.experimental.api.defaultImports
import kotlin.script.experimental.api.ide
import kotlin.script.experimental.api.refineConfiguration
import kotlin.script.experimental.dependencies.DependsOn
import kotlin.script.experimental.dependencies.Repository
import kotlin.script.experimental.jvm.dependenciesFromCurrentContext
import kotlin.script.experimental.jvm.jvm

/**
 * What a script `*.lora.kts` is: it sees its arguments as [args], the DSL and DL4J without imports, and whatever
 * `@file:DependsOn("group:artifact:version")` names.
 *
 * @property args the arguments after the script's name
 * @since 0.1.0
 */
@KotlinScript(
    displayName = "LoRA+ script",
    fileExtension = "lora.kts",
    compilationConfiguration = LoraScriptCompilation::class,
)
public abstract class LoraScript(
    public val args: Array<String>,
)

/**
 * How scripts are compiled.
 *
 * @since 0.1.0
 */
public object LoraScriptCompilation : ScriptCompilationConfiguration({
    defaultImports(DependsOn::class, Repository::class)
    defaultImports(
        "dev.loraplus.*",
        "dev.loraplus.dsl.*",
        "dev.loraplus.network.*",
        "dev.loraplus.optim.*",
        "dev.loraplus.samediff.*",
        "dev.loraplus.samediff.training.*",
        "dev.loraplus.script.*",
        "org.deeplearning4j.nn.api.Model",
        "org.deeplearning4j.nn.conf.layers.*",
        "org.deeplearning4j.nn.graph.ComputationGraph",
        "org.deeplearning4j.nn.multilayer.MultiLayerNetwork",
        "org.nd4j.autodiff.samediff.SameDiff",
        "org.nd4j.evaluation.classification.Evaluation",
        "org.nd4j.linalg.api.ndarray.INDArray",
        "org.nd4j.linalg.dataset.DataSet",
        "org.nd4j.linalg.factory.Nd4j",
        "java.io.File",
        "java.nio.file.Path",
        "kotlin.system.exitProcess",
    )
    jvm { dependenciesFromCurrentContext(wholeClasspath = true) }
    refineConfiguration { onAnnotations(DependsOn::class, Repository::class, handler = ScriptDependencies) }
    ide { acceptedLocations(ScriptAcceptedLocation.Everywhere) }
}) {
    private fun readResolve(): Any = LoraScriptCompilation
}
