#!/usr/bin/env python3
"""Shows check_layers.py small broken trees and expects it to complain about each."""

import pathlib
import tempfile
import unittest

import check_layers


def complaints_about(files):
    """What the check says about a tree of {path: text}."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        return check_layers.check(root)


class CheckLayers(unittest.TestCase):
    def expect_one(self, files, *words):
        complaints = complaints_about(files)
        self.assertEqual(len(complaints), 1, complaints)
        for word in words:
            self.assertIn(word, complaints[0])

    def expect_none(self, files):
        self.assertEqual(complaints_about(files), [])

    def test_accepts_an_allowed_include_with_its_declared_dependency(self):
        self.expect_none({
            "base/status.h": "#include <string>\n",
            "plan/step.cc": '#include "base/status.h"\n#include <sys/stat.h>\n',
            "plan/CMakeLists.txt": "add_layer(plan SOURCES step.cc DEPS base)",
            "base/CMakeLists.txt": "add_layer(base SOURCES status.cc)",
        })

    def test_refuses_an_upward_include(self):
        self.expect_one({"base/status.h": '\n#include "plan/step.h"\n'}, "base/status.h:2", "plan/step.h")

    def test_refuses_runtime_in_the_planner(self):
        self.expect_one({"planner/policy.cc": '#include "runtime/executor.h"\n'}, "planner/policy.cc:1")

    def test_lets_only_the_simulator_of_the_planner_see_the_engine(self):
        self.expect_none({"planner/sim/clock.cc": '#include "engine/loop.h"\n'})
        self.expect_one({"planner/cost.cc": '#include "engine/loop.h"\n'}, "planner/cost.cc:1")

    def test_lets_the_engine_see_the_layout_but_no_rewrite(self):
        self.expect_none({"engine/kv.cc": '#include "parallel/layout/mesh.h"\n'})
        self.expect_one({"engine/kv.cc": '#include "parallel/tensor.h"\n'}, "engine/kv.cc:1")

    def test_lets_nobody_but_the_program_name_a_backend_other_than_the_reference(self):
        self.expect_none({"launch/job.cc": '#include "comm/mpi/mpi_transport.h"\n'})
        self.expect_none({"comm/mpi/progress.cc": '#include "comm/mpi/mpi_transport.h"\n'})
        self.expect_none({"runtime/job.cc": '#include "comm/inproc/world.h"\n'})
        self.expect_one({"runtime/job.cc": '#include "comm/mpi/mpi_transport.h"\n'}, "backend comm/mpi")
        self.expect_one({"runtime/job.cc": '#include "device/cuda/gemm.h"\n'}, "backend device/cuda")
        self.expect_one({"comm/collectives.cc": '#include "comm/inproc/world.h"\n'}, "backend comm/inproc")
        self.expect_one({"device/cuda/gemm.cc": '#include "device/cpu/tile.h"\n'}, "backend device/cpu")

    def test_keeps_foreign_headers_at_home(self):
        self.expect_none({"comm/mpi/world.cc": "#include <mpi.h>\n"})
        for file, header in (
            ("runtime/job.cc", "mpi.h"),
            ("models/config.cc", "yaml-cpp/yaml.h"),
            ("parallel/tensor.cc", "immintrin.h"),
            ("models/loader.cc", "pcre2.h"),
            ("runtime/options.cc", "CLI/CLI.hpp"),
            ("runtime/gemm.cc", "oneapi/dnnl/dnnl.hpp"),
            ("launch/state.cc", "google/protobuf/message.h"),
        ):
            with self.subTest(header=header):
                self.expect_one({file: f"#include <{header}>\n"}, f"{file}:1", header, "belongs to")

    def test_refuses_a_foreign_header_that_nobody_gave_a_home(self):
        self.expect_one({"base/log.cc": "#include <spdlog/spdlog.h>\n"}, "no home")

    def test_keeps_generated_headers_in_sources_of_plan(self):
        self.expect_none({"plan/step_codec.cc": '#include "plan/plan.pb.h"\n'})
        self.expect_one({"plan/step.h": '#include "plan/plan.pb.h"\n'}, "plan/step.h:1")
        self.expect_one({"launch/main.cc": '#include "plan/plan.pb.h"\n'}, "launch/main.cc:1")

    def test_refuses_a_folder_that_the_table_does_not_know(self):
        self.expect_one({"zoo/animal.h": '#include "base/status.h"\n'}, "zoo/")

    def test_refuses_a_circle_between_folders(self):
        self.expect_one({
            "models/loader.h": '#include "models/gguf/file.h"\n',
            "models/gguf/file.h": '#include "models/loader.h"\n',
        }, "circle between models, models/gguf", "models/loader.h:1", "models/gguf/file.h:1")

    def test_counts_a_header_beside_a_folder_of_its_name_as_the_face_of_that_folder(self):
        self.expect_none({
            "models/tokenizer.h": "",
            "models/tokenizer/pairs.cc": '#include "models/tokenizer.h"\n',
            "models/tokenizer/pairs.h": "",
            "models/tokenizer/CMakeLists.txt": "add_layer(tokenizer SOURCES pairs.cc)",
            "models/model.cc": '#include "models/tokenizer/pairs.h"\n',
            "models/CMakeLists.txt": "add_layer(models SOURCES model.cc DEPS tokenizer)",
        })

    def test_refuses_a_dependency_that_is_used_but_not_declared(self):
        self.expect_one({
            "base/status.h": "",
            "base/CMakeLists.txt": "add_layer(base SOURCES status.cc)",
            "plan/step.h": '#include "base/status.h"\n',
            "plan/CMakeLists.txt": "add_layer(plan\n  SOURCES step.cc)",
        }, "plan/CMakeLists.txt:1", "lacks DEPS base", "plan/step.h:1")

    def test_refuses_a_dependency_that_is_declared_but_not_used(self):
        self.expect_one({
            "base/status.h": "",
            "base/CMakeLists.txt": "add_layer(base SOURCES status.cc)",
            "plan/step.h": "",
            "plan/CMakeLists.txt": "# the nouns\nadd_layer(plan SOURCES step.cc DEPS base)",
        }, "plan/CMakeLists.txt:2", "declares DEPS base")

    def test_takes_a_backend_linked_under_a_condition_for_declared(self):
        self.expect_none({
            "comm/mpi/world.h": "",
            "comm/CMakeLists.txt": "add_layer(comm_mpi SOURCES mpi/world.cc)",
            "launch/job.cc": '#include "comm/mpi/world.h"\n',
            "launch/CMakeLists.txt": "add_layer(launch SOURCES job.cc)\nif(BRAID_WITH_MPI)\n"
                                     "  target_link_libraries(braid_launch PUBLIC braid_comm_mpi)\nendif()",
        })

    def test_gives_the_files_of_a_folder_with_two_layers_to_the_layer_that_lists_them(self):
        self.expect_none({
            "base/status.h": "",
            "base/CMakeLists.txt": "add_layer(base SOURCES status.cc)",
            "device/cpu/cpu.cc": '#include "device/cpu/avx2.h"\n',
            "device/cpu/avx2.h": "",
            "device/cpu/avx2.cc": '#include "base/status.h"\n',
            "device/CMakeLists.txt": "add_layer(avx2 SOURCES cpu/avx2.cc DEPS base)\n"
                                     "add_layer(cpu SOURCES cpu/cpu.cc DEPS avx2)",
        })


if __name__ == "__main__":
    unittest.main()
