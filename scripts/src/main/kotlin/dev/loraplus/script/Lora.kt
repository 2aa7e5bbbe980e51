package dev.loraplus.script

import java.io.File
import java.io.PrintStream
import java.nio.file.Path
import kotlin.system.exitProcess

private const val USAGE =
    """Usage: lora [--stacktrace] SCRIPT [ARGUMENT..]
Runs a Kotlin script, SCRIPT.lora.kts, with the DSL of LoRA+ at hand. ARGUMENTs are the script's: try --help there.
Compiled scripts are kept in ~/.cache/loraplus/scripts, or in the folder that the environment's LORAPLUS_CACHE names.
Exit codes: 0 all went well; 1 the script does not compile or ended by an exception; 2 this usage was not kept;
or what the script gives to exitProcess."""

private const val FAILED = 1
private const val WRONG_USAGE = 2

/** Runs a script; see `--help`. */
public fun main(arguments: Array<String>): Unit = exitProcess(lora(arguments.toList(), System.out, System.err))

private fun lora(
    arguments: List<String>,
    out: PrintStream,
    err: PrintStream,
): Int {
    val options = arguments.takeWhile { it.startsWith("-") }
    if ("--help" in options || "-h" in options) {
        out.println(USAGE)
        return 0
    }
    val name = arguments.getOrNull(options.size)
    val mistake =
        when {
            (options - "--stacktrace").isNotEmpty() -> "Unknown option ${(options - "--stacktrace").first()}."
            name == null -> "No script is named."
            !name.endsWith(".lora.kts") -> "A script's name must end in .lora.kts, got '$name'."
            !File(name).isFile -> "There is no script '$name' in ${File("").absolutePath}."
            else -> null
        }
    if (name == null || mistake != null) {
        err.println("$mistake\n$USAGE")
        return WRONG_USAGE
    }
    val runner = ScriptRunner(ScriptCache(cacheFolder()), err, "--stacktrace" in options)
    return if (runner.run(File(name), arguments.drop(options.size + 1).toTypedArray())) 0 else FAILED
}

private fun cacheFolder(): Path =
    System.getenv("LORAPLUS_CACHE")?.let { Path.of(it) }
        ?: Path.of(System.getProperty("user.home"), ".cache", "loraplus", "scripts")
