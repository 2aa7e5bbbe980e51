package dev.loraplus.script

import java.io.File
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardCopyOption.ATOMIC_MOVE
import java.nio.file.StandardCopyOption.REPLACE_EXISTING
import java.security.MessageDigest
import kotlin.io.path.createDirectories
import kotlin.io.path.exists
import kotlin.script.experimental.api.CompiledScript
import kotlin.script.experimental.jvm.impl.KJvmCompiledScript
import kotlin.script.experimental.jvmhost.loadScriptFromJar
import kotlin.script.experimental.jvmhost.saveToJar

/** Keeps compiled scripts as jars, by what they were compiled from: text, class path and version of Kotlin. */
internal class ScriptCache(
    private val folder: Path,
) {
    /** Returns what this script was compiled to; null if it, or a jar that it needs, is not there. */
    fun load(script: File): CompiledScript? = jar(script).takeIf { it.exists() }?.toFile()?.loadScriptFromJar()

    fun store(
        script: File,
        compiled: CompiledScript,
    ) {
        folder.createDirectories()
        val temporary = Files.createTempFile(folder, "script", ".jar")
        (compiled as KJvmCompiledScript).saveToJar(temporary.toFile())
        Files.move(temporary, jar(script), ATOMIC_MOVE, REPLACE_EXISTING)
    }

    private fun jar(script: File): Path {
        val digest = MessageDigest.getInstance("SHA-256")
        digest.update(script.readBytes())
        digest.update((script.name + KotlinVersion.CURRENT).toByteArray())
        System.getProperty("java.class.path").split(File.pathSeparator).map(::File).forEach { entry ->
            digest.update("${entry.path} ${stamp(entry)}\n".toByteArray())
        }
        return folder.resolve(digest.digest().joinToString("") { "%02x".format(it) } + ".jar")
    }

    /** Changes whenever the entry of the class path does; folders have no time of their own. */
    private fun stamp(entry: File): Long =
        if (entry.isDirectory) entry.walk().maxOf(File::lastModified) else entry.lastModified()
}
