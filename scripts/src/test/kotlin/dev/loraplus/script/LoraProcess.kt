package dev.loraplus.script

import java.io.File
import java.util.concurrent.TimeUnit

/** Starts the documented command, with its cache and its scripts in a folder of the test. */
internal class LoraProcess(
    private val folder: File,
) {
    class Run(
        val started: Long,
        val code: Int,
        val out: String,
        val err: String,
    )

    /** Writes a script and returns its path. */
    fun script(
        name: String,
        text: String,
    ): String = File(folder, "$name.lora.kts").apply { writeText(text.trimIndent()) }.path

    fun run(vararg arguments: String): Run {
        val out = File(folder, "out.txt")
        val err = File(folder, "err.txt")
        val java = File(System.getProperty("java.home"), "bin/java").path
        val builder = ProcessBuilder(java, "@target/lora", *arguments).redirectOutput(out).redirectError(err)
        builder.environment()["LORAPLUS_CACHE"] = File(folder, "cache").path
        val started = System.currentTimeMillis()
        val process = builder.start()
        check(process.waitFor(5, TimeUnit.MINUTES)) { "The script took more than 5 minutes: ${arguments.toList()}" }
        return Run(started, process.exitValue(), out.readText().trim(), err.readText().trim())
    }
}
