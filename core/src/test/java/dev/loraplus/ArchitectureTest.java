package dev.loraplus;

import static com.tngtech.archunit.base.DescribedPredicate.anyElementThat;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import dev.loraplus.samediff.TrainingAccess;
import org.junit.jupiter.api.Test;

/** Holds the picture of the packages: who may know whom. Rules for a package that is still to come hold by being empty. */
@AnalyzeClasses(packages = "dev.loraplus", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    private static final String OURS = "dev.loraplus..";
    private static final DescribedPredicate<JavaClass> INTERNAL = resideInAnyPackage(
                    "dev.loraplus.samediff.gradient..",
                    "dev.loraplus.samediff.surgery..",
                    "dev.loraplus.samediff.kernel..")
            .or(type(TrainingAccess.class));

    @ArchTest
    static final ArchRule math_knowsNoOtherPackageOfOurs = classes()
            .that()
            .resideInAPackage("dev.loraplus.math..")
            .should()
            .onlyDependOnClassesThat(not(resideInAPackage(OURS))
                    .or(resideInAPackage("dev.loraplus.math.."))
                    .or(resideInAPackage("dev.loraplus"))
                    .as("belong to math, to the configuration or to others"))
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule optim_knowsNoGraphAndNoNetwork = noClasses()
            .that()
            .resideInAPackage("dev.loraplus.optim..")
            .should()
            .dependOnClassesThat(resideInAnyPackage(
                    "dev.loraplus.samediff..",
                    "dev.loraplus.network..",
                    "org.nd4j.autodiff.samediff..",
                    "org.deeplearning4j.nn.."))
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule samediff_doesNotKnowNetwork = noClasses()
            .that()
            .resideInAPackage("dev.loraplus.samediff..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("dev.loraplus.network..", "org.deeplearning4j.nn..")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule network_doesNotKnowSamediff = noClasses()
            .that()
            .resideInAPackage("dev.loraplus.network..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.loraplus.samediff..")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule kernel_knowsNoOtherPackageOfOurs = noClasses()
            .that()
            .resideInAPackage("dev.loraplus.samediff.kernel..")
            .should()
            .dependOnClassesThat(resideInAPackage(OURS).and(not(resideInAPackage("dev.loraplus.samediff.kernel.."))))
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule surgery_knowsNoOtherPackageOfOurs = noClasses()
            .that()
            .resideInAPackage("dev.loraplus.samediff.surgery..")
            .should()
            .dependOnClassesThat(resideInAPackage(OURS).and(not(resideInAPackage("dev.loraplus.samediff.surgery.."))));

    @ArchTest
    static final ArchRule adapting_knowsNoTraining = noClasses()
            .that()
            .resideInAPackage("dev.loraplus.samediff")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "dev.loraplus.samediff.training..",
                    "dev.loraplus.samediff.gradient..",
                    "dev.loraplus.samediff.kernel..");

    @ArchTest
    static final ArchRule gradient_knowsNoTraining = noClasses()
            .that()
            .resideInAPackage("dev.loraplus.samediff.gradient..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.loraplus.samediff.training..");

    @ArchTest
    static final ArchRule whatUsersOfGraphsSee_namesNothingInternal = methods()
            .that()
            .arePublic()
            .and()
            .areDeclaredInClassesThat()
            .arePublic()
            .and()
            .areDeclaredInClassesThat()
            .resideInAnyPackage("dev.loraplus", "dev.loraplus.samediff", "dev.loraplus.samediff.training")
            .should()
            .notHaveRawReturnType(INTERNAL)
            .andShould()
            .notHaveRawParameterTypes(anyElementThat(INTERNAL));

    @ArchTest
    static final ArchRule io_knowsNoModel = noClasses()
            .that()
            .resideInAPackage("dev.loraplus.io..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("dev.loraplus.samediff..", "dev.loraplus.network..", "dev.loraplus.optim..")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule backend_knowsNothingOfOurs = noClasses()
            .that()
            .resideInAPackage("dev.loraplus.backend..")
            .should()
            .dependOnClassesThat(resideInAPackage(OURS).and(not(resideInAPackage("dev.loraplus.backend.."))));

    @ArchTest
    static final ArchRule nothingButBackend_touchesJavaCpp = noClasses()
            .that()
            .resideInAnyPackage("dev.loraplus.math..", "dev.loraplus.optim..", "dev.loraplus.io..", "dev.loraplus")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.bytedeco..");

    @ArchTest
    static final ArchRule core_isFreeOfKotlinAndOfBackends = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("kotlin..", "org.nd4j.linalg.cpu..", "org.nd4j.linalg.jcublas..");

    @ArchTest
    static final ArchRule packages_areFreeOfCycles =
            slices().matching("dev.loraplus.(*)..").should().beFreeOfCycles().allowEmptyShould(true);

    @ArchTest
    static final ArchRule packagesWithinPackages_areFreeOfCycles =
            slices().matching("dev.loraplus.(**)").should().beFreeOfCycles();

    @Test
    void classPathOfCore_hasNoKotlin() {
        assertThatThrownBy(() -> Class.forName("kotlin.Unit")).isInstanceOf(ClassNotFoundException.class);
    }
}
