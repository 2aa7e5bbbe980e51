package dev.loraplus.samples

import dev.loraplus.LoraPlus
import dev.loraplus.dsl.LoraDsl
import dev.loraplus.models.Bert
import kotlinx.validation.api.dump
import kotlinx.validation.api.filterOutNonPublic
import kotlinx.validation.api.loadApiFromJvmClasses
import org.assertj.core.api.Assertions.assertThat
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.EnumSource
import java.io.File
import java.util.jar.JarFile

/** What is public is dumped to `api/..`, so that no change goes unnoticed; CONTRIBUTING says how to renew the dumps. */
class ApiTest {
    enum class Module(
        val member: Class<*>,
    ) {
        CORE(LoraPlus::class.java),
        DSL(LoraDsl::class.java),
        MODELS(Bert::class.java),
    }

    @ParameterizedTest
    @EnumSource
    fun `the public API is the dumped one`(module: Module) {
        val name = module.name.lowercase()
        val file = File("../$name/api/$name.api")
        val actual =
            dump(
                File(
                    module.member.protectionDomain.codeSource.location
                        .toURI(),
                ),
            )
        if (System.getProperty("api.update") != null) {
            file.parentFile.mkdirs()
            file.writeText(actual)
        }
        assertThat(actual)
            .`as`("the public API of $name; if the change is meant, renew ${file.path} with -Dapi.update")
            .isEqualTo(file.readText())
    }

    /** Reads a folder of classes, or the jar of a packaged module. */
    private fun dump(place: File): String {
        val classes =
            if (place.isDirectory) {
                place
                    .walk()
                    .filter { it.extension == "class" }
                    .sorted()
                    .map { it.inputStream() }
                    .loadApiFromJvmClasses()
            } else {
                JarFile(place).use { it.loadApiFromJvmClasses() }
            }
        return classes.filterOutNonPublic().dump(StringBuilder()).toString()
    }
}
