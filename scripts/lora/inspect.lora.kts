// Shows what an adapter's folder holds, without the model it belongs to.

import dev.loraplus.io.PeftAdapterFile
import picocli.CommandLine.Command
import picocli.CommandLine.Parameters
import java.util.concurrent.Callable

@Command(
    name = "inspect.lora.kts",
    description = ["Shows what an adapter, in PEFT's format, was made with and what it adapts."],
    mixinStandardHelpOptions = true,
)
class Inspect : Callable<Int> {
    @Parameters(paramLabel = "FOLDER", description = ["The adapter, in PEFT's format."])
    lateinit var folder: Path

    override fun call(): Int {
        val file = PeftAdapterFile.open(folder)
        val config = file.config()
        println("rank ${config.rank()}, alpha ${config.alpha()}, lambda ${config.lambda()}, dropout ${config.dropout()}")
        println("base ${file.baseFingerprint().orElse("not noted")}")
        println("adapted: ${file.adaptedModules().sorted().joinToString()}")
        println("trained fully: ${file.savedVariables().sorted().joinToString().ifEmpty { "nothing" }}")
        file.notes().forEach { println("note: $it") }
        return 0
    }
}

exitProcess(command(Inspect()).execute(*args))
