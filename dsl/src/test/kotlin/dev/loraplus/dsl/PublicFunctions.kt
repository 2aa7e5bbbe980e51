package dev.loraplus.dsl

import java.io.File

/** The public functions of this module, as its sources have them. */
internal object PublicFunctions {
    class Function(
        private val file: String,
        private val signature: String,
        documentation: String,
    ) {
        /** The names of the samples, without their package. */
        val samples: List<String> = SAMPLE.findAll(documentation).map { it.groupValues[1] }.toList()

        override fun toString(): String = "$file: $signature"
    }

    private val SAMPLE = Regex("@sample dev\\.loraplus\\.dsl\\.samples\\.(\\w+)")
    private const val DOCUMENTATION = "(/\\*\\*(?:(?!\\*/)[\\s\\S])*\\*/\\s*)?"
    private val FUNCTION =
        Regex("$DOCUMENTATION^\\s*public (?:infix |inline )*fun [^\\n]*", RegexOption.MULTILINE)

    fun all(): List<Function> =
        File("src/main/kotlin")
            .walk()
            .filter { it.extension == "kt" }
            .sorted()
            .flatMap { file ->
                FUNCTION.findAll(file.readText()).map {
                    Function(file.name, it.value.substringAfterLast("*/").trim(), it.groupValues[1])
                }
            }.toList()
}
