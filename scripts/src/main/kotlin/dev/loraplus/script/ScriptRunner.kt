package dev.loraplus.script

import java.io.File
import java.io.PrintStream
import kotlin.script.experimental.api.CompiledScript
import kotlin.script.experimental.api.ResultValue
import kotlin.script.experimental.api.ResultWithDiagnostics
import kotlin.script.experimental.api.ScriptDiagnostic
import kotlin.script.experimental.api.ScriptEvaluationConfiguration
import kotlin.script.experimental.api.constructorArgs
import kotlin.script.experimental.host.toScriptSource
import kotlin.script.experimental.jvm.BasicJvmScriptEvaluator
import kotlin.script.experimental.jvm.baseClassLoader
import kotlin.script.experimental.jvm.jvm
import kotlin.script.experimental.jvmhost.JvmScriptCompiler
import kotlin.script.experimental.jvmhost.createJvmCompilationConfigurationFromTemplate

/** Compiles and runs scripts; what is wrong goes to [err], with the script's file and line. */
internal class ScriptRunner(
    private val cache: ScriptCache,
    private val err: PrintStream,
    private val stackTraces: Boolean,
) {
    /** Returns whether the script came to its end. */
    fun run(
        script: File,
        arguments: Array<String>,
    ): Boolean {
        val compiled = cache.load(script) ?: compile(script)?.also { cache.store(script, it) } ?: return false
        val evaluation =
            ScriptEvaluationConfiguration {
                constructorArgs(arguments)
                jvm { baseClassLoader(ScriptRunner::class.java.classLoader) }
            }
        return when (val result = now { BasicJvmScriptEvaluator()(compiled, evaluation) }) {
            is ResultWithDiagnostics.Failure -> failed(script, result.reports)
            is ResultWithDiagnostics.Success ->
                when (val value = result.value.returnValue) {
                    is ResultValue.Error -> threw(script, value.error)
                    else -> true
                }
        }
    }

    private fun compile(script: File): CompiledScript? {
        val configuration = createJvmCompilationConfigurationFromTemplate<LoraScript>()
        return when (val result = now { JvmScriptCompiler()(script.toScriptSource(), configuration) }) {
            is ResultWithDiagnostics.Success -> result.value
            is ResultWithDiagnostics.Failure -> null.also { failed(script, result.reports) }
        }
    }

    private fun failed(
        script: File,
        reports: List<ScriptDiagnostic>,
    ): Boolean {
        // a library that can't be found is no more than a warning to Kotlin's scripting
        val worst = reports.maxOfOrNull { it.severity } ?: ScriptDiagnostic.Severity.ERROR
        reports.filter { it.severity >= minOf(worst, ScriptDiagnostic.Severity.ERROR) }.forEach { report ->
            val line =
                report.location
                    ?.start
                    ?.line
                    ?.let { ":$it" }
                    .orEmpty()
            err.println("${script.path}$line: ${report.message}")
            if (stackTraces) report.exception?.printStackTrace(err)
        }
        return false
    }

    private fun threw(
        script: File,
        error: Throwable,
    ): Boolean {
        val line =
            error.stackTrace
                .firstOrNull { it.fileName == script.name }
                ?.let { ":${it.lineNumber}" }
                .orEmpty()
        val kind = if (error.message == null || error !is Exception) error.javaClass.name + ": " else ""
        err.println("${script.path}$line: $kind${error.message ?: "no message"}")
        if (stackTraces) {
            error.printStackTrace(err)
        } else {
            err.println("--stacktrace before the script's name shows where.")
        }
        return false
    }
}
