package dev.loraplus.dsl

import org.jetbrains.kotlin.cli.common.arguments.K2JVMCompilerArguments
import org.jetbrains.kotlin.cli.common.messages.CompilerMessageSeverity
import org.jetbrains.kotlin.cli.common.messages.CompilerMessageSourceLocation
import org.jetbrains.kotlin.cli.common.messages.MessageCollector
import org.jetbrains.kotlin.cli.jvm.K2JVMCompiler
import org.jetbrains.kotlin.config.Services
import java.io.File

/** Kotlin's own compiler, in this process, with this module and its dependencies on the class path. */
internal object Compiler {
    /** Compiles sources together and returns the errors of each, as `line: message`. */
    fun errors(sources: Map<String, String>): Map<String, List<String>> {
        val folder =
            kotlin.io.path
                .createTempDirectory("sources")
                .toFile()
        try {
            val files = sources.map { (name, text) -> File(folder, "$name.kt").apply { writeText(text) } }
            val errors = Errors()
            val arguments =
                K2JVMCompilerArguments().apply {
                    freeArgs = files.map { it.path }
                    classpath = System.getProperty("java.class.path")
                    destination = File(folder, "classes").path
                    noStdlib = true
                    noReflect = true
                    jvmTarget = "17"
                }
            K2JVMCompiler().exec(errors, Services.EMPTY, arguments)
            return sources.keys.associateWith { errors.of("$it.kt") }
        } finally {
            folder.deleteRecursively()
        }
    }

    private class Errors : MessageCollector {
        private val found = mutableListOf<Pair<String, String>>()

        fun of(file: String): List<String> = found.filter { it.first == file }.map { it.second }

        override fun clear() = found.clear()

        override fun hasErrors(): Boolean = found.isNotEmpty()

        override fun report(
            severity: CompilerMessageSeverity,
            message: String,
            location: CompilerMessageSourceLocation?,
        ) {
            if (severity.isError) {
                found += File(location?.path ?: "").name to "${location?.line}: $message"
            }
        }
    }
}
