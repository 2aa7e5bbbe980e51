@file:JvmName("ScriptTools")

package dev.loraplus.script

import org.deeplearning4j.nn.api.Model
import org.deeplearning4j.nn.graph.ComputationGraph
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork
import picocli.CommandLine
import java.io.File
import java.io.FileNotFoundException
import java.io.IOException
import java.util.concurrent.Callable
import java.util.zip.ZipException
import java.util.zip.ZipFile

/**
 * Loads a network that DL4J saved, of whichever kind it is: a [MultiLayerNetwork] or a [ComputationGraph].
 *
 * @throws IOException if the file is not there or no such zip; the message names it
 * @since 0.1.0
 */
public fun savedNetwork(zip: File): Model {
    if (!zip.isFile) throw FileNotFoundException("There is no file '$zip'; expected a network that DL4J saved.")
    val configuration =
        try {
            ZipFile(zip).use { file ->
                file.getEntry("configuration.json")?.let { file.getInputStream(it).reader().readText() }
            }
        } catch (e: ZipException) {
            throw IOException("'$zip' is no zip, so no network that DL4J saved: ${e.message}.", e)
        } ?: throw IOException("'$zip' holds no configuration.json, so it is no network that DL4J saved.")
    val isGraph = "\"vertexInputs\"" in configuration
    return if (isGraph) ComputationGraph.load(zip, true) else MultiLayerNetwork.load(zip, true)
}

/**
 * Makes a command line of [job], which has picocli's annotations: exit code 0, 1 with one line if the job fails for a
 * reason that it can name, and 2 with the usage if the arguments are wrong.
 *
 * @since 0.1.0
 */
public fun command(job: Callable<Int>): CommandLine =
    CommandLine(job).setExecutionExceptionHandler { e, command, _ ->
        when (e) {
            is IOException, is IllegalArgumentException, is IllegalStateException, is ArithmeticException -> {
                command.err.println("${command.commandName}: ${e.message}")
                command.commandSpec.exitCodeOnExecutionException()
            }
            else -> throw e
        }
    }
