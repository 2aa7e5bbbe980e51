package dev.loraplus.script

import dev.loraplus.dsl.adapter
import io.kotest.core.spec.style.FreeSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.doubles.shouldBeGreaterThan
import io.kotest.matchers.doubles.shouldBeLessThan
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork
import java.io.File
import java.security.MessageDigest
import java.util.jar.JarEntry
import java.util.jar.JarOutputStream

/** Runs scripts as a user does: `java @target/lora SCRIPT ARGUMENT..`, each in a process of its own. */
class LoraIT :
    FreeSpec({
        val folder = tempdir()
        val lora = LoraProcess(folder)

        "the scripts that come along" - {
            val zip = File(folder, "network.zip")
            val csv = File(folder, "examples.csv")
            val adapter = File(folder, "adapter")
            val merged = File(folder, "merged.zip")
            Fixture.network().save(zip)
            csv.writeText(Fixture.csv())

            "adapt a saved network to a CSV" {
                val settings = arrayOf("--rank=2", "--eta=0.02", "--epochs=15", "--seed=3")
                val run = lora.run("lora/adapt.lora.kts", "--model=$zip", "--data=$csv", "--output=$adapter", *settings)

                run.err shouldBe ""
                run.code shouldBe 0
                val lines = Regex("epoch +\\d+: accuracy ([\\d.]+)").findAll(run.out)
                val accuracies = lines.map { it.groupValues[1].toDouble() }.toList()
                accuracies.size shouldBe 16
                accuracies.last() shouldBeGreaterThan accuracies.first()
            }
            "adapt alike with the same seed" {
                val files = arrayOf("--model=$zip", "--data=$csv", "--output=$folder/again")
                val (first, second) = List(2) { lora.run("lora/adapt.lora.kts", *files, "--epochs=2", "--seed=5") }
                first.code shouldBe 0
                second.out shouldBe first.out
            }
            "inspect an adapter" {
                val run = lora.run("lora/inspect.lora.kts", "$adapter")

                run.code shouldBe 0
                run.out shouldContain "rank 2, alpha 16.0, lambda 16.0"
                run.out shouldContain "adapted: hidden, output"
            }
            "merge an adapter" {
                val run = lora.run("lora/merge.lora.kts", "--model=$zip", "--adapter=$adapter", "--output=$merged")

                run.code shouldBe 0
                val adapted = MultiLayerNetwork.load(zip, false).adapter(adapter.toPath()).model()
                val plain = MultiLayerNetwork.load(merged, false)
                val difference = plain.output(Fixture.features()).sub(adapted.output(Fixture.features()))
                difference.amaxNumber().toDouble() shouldBeLessThan 1e-6
            }
            "explain themselves" {
                listOf("adapt", "inspect", "merge").forEach { name ->
                    val run = lora.run("lora/$name.lora.kts", "--help")
                    run.code shouldBe 0
                    run.out shouldStartWith "Usage: $name.lora.kts"
                }
            }
            "say in one line what is wrong with their files" {
                val run = lora.run("lora/inspect.lora.kts", "$folder/nowhere")
                run.code shouldBe 1
                run.err.lines().size shouldBe 1
                run.err shouldContain "nowhere"
                val files = arrayOf("--adapter=$adapter", "--output=$folder/never.zip")
                lora.run("lora/merge.lora.kts", "--model=$folder/none.zip", *files).err shouldContain
                    "There is no file '$folder/none.zip'; expected a network that DL4J saved."
                lora.run("lora/merge.lora.kts", "--model=$csv", *files).err shouldContain "'$csv' is no zip"
                File(folder, "never.zip").exists() shouldBe false
            }
            "exit with 2 for wrong arguments" {
                val run = lora.run("lora/merge.lora.kts", "--model=$zip")
                run.code shouldBe 2
                run.err shouldContain "Missing required options"
            }
        }

        "a script" - {
            "sees its arguments, the DSL and DL4J without imports" {
                val script =
                    lora.script(
                        "own",
                        """
                        val config = LoraConfig.builder().rank(args[0].toInt()).build()
                        println(config.rank())
                        println(Nd4j.ones(2).sumNumber())
                        """,
                    )
                val run = lora.run(script, "3")
                run.out shouldBe "3\n2.0"
                run.code shouldBe 0
            }
            "that does not compile is refused with file and line" {
                val script = lora.script("wrong", "println(1)\n\nval rank: Int = \"8\"\n")
                val run = lora.run(script)
                run.code shouldBe 1
                run.out shouldBe ""
                run.err shouldStartWith "$script:3: "
                run.err shouldContain "mismatch"
            }
            "that throws is reported with file and line" {
                val script =
                    lora.script(
                        "throwing",
                        "println(1)\nfun fail(): Nothing = throw IllegalStateException(\"no luck\")\nfail()",
                    )
                val run = lora.run(script)
                run.code shouldBe 1
                run.out shouldBe "1"
                run.err shouldStartWith "$script:2: no luck\n"
            }
            "exits with a code of its own" {
                lora.run(lora.script("exiting", "exitProcess(7)")).code shouldBe 7
            }
            "uses a library that it depends on" {
                val repository = repository(File(folder, "repository"))
                val script =
                    lora.script(
                        "depending",
                        """
                        @file:Repository("${repository.toURI()}")
                        @file:DependsOn("org.example:answer:1.0")
                        println(dev.loraplus.script.Answer().value)
                        """,
                    )
                val run = lora.run(script)
                run.err shouldBe ""
                run.out shouldBe "42"
            }
            "without its library is refused with its file" {
                val script =
                    lora.script(
                        "missing",
                        """
                        @file:Repository("${folder.toURI()}")
                        @file:DependsOn("org.example:none:1.0")
                        """,
                    )
                val run = lora.run(script)
                run.code shouldBe 1
                run.err shouldContain "missing.lora.kts"
                run.err shouldContain "org.example:none"
            }
            "is at its first line within 5 seconds when it runs unchanged again" {
                val script =
                    lora.script(
                        "clock",
                        "println(System.currentTimeMillis())\nprintln(LoraConfig.builder().build())",
                    )
                val (first, second) =
                    List(2) {
                        lora.run(script).let {
                            it.out
                                .lines()
                                .first()
                                .toLong() - it.started
                        }
                    }
                println(
                    "From the start of the process to the script's first line: first run $first ms, then $second ms",
                )
                second shouldBeLessThan 5000L
            }
        }

        "the command" - {
            "explains itself" {
                val run = lora.run("--help")
                run.code shouldBe 0
                run.out shouldStartWith "Usage: lora "
            }
            "exits with 2 without a script" {
                lora.run().also { it.code shouldBe 2 }.err shouldStartWith "No script is named."
            }
            "exits with 2 for a script that is not there" {
                val run = lora.run("none.lora.kts")
                run.code shouldBe 2
                run.err shouldStartWith "There is no script 'none.lora.kts'"
            }
            "exits with 2 for what is no script" {
                val run = lora.run("pom.xml")
                run.code shouldBe 2
                run.err shouldStartWith "A script's name must end in .lora.kts"
            }
        }
    })

/** Only in the jar that a script of the tests depends on. */
class Answer {
    val value = 42
}

/** A Maven repository of one artifact. */
private fun repository(folder: File): File {
    val place = File(folder, "org/example/answer/1.0").apply { mkdirs() }
    File(place, "answer-1.0.pom").writeText(
        "<project><modelVersion>4.0.0</modelVersion><groupId>org.example</groupId>" +
            "<artifactId>answer</artifactId><version>1.0</version></project>",
    )
    val name = Answer::class.java.name.replace('.', '/') + ".class"
    JarOutputStream(File(place, "answer-1.0.jar").outputStream()).use { jar ->
        jar.putNextEntry(JarEntry(name))
        Answer::class.java.classLoader
            .getResourceAsStream(name)!!
            .use { it.copyTo(jar) }
        jar.closeEntry()
    }
    place.listFiles().orEmpty().forEach { file ->
        val digest = MessageDigest.getInstance("SHA-1").digest(file.readBytes())
        File(place, "${file.name}.sha1").writeText(digest.joinToString("") { "%02x".format(it) })
    }
    return folder
}
