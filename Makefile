# One line each over Maven and the launcher.
.PHONY: check test fmt smoke kernels

check: ## compile with every warning an error, run all tests
	./mvnw -B verify

test: ## tests of one class: make test T=BinderTest
	./mvnw -B -q test -Dtest='$(T)'

fmt: ## format the sources (Maven must run on JDK 21 or newer)
	./mvnw -B -q spotless:apply

kernels: ## one kernel under JMH: make kernels K=FewRows
	./mvnw -B -q -Pkernels test -Dkernels='$(K)'

smoke: ## the launcher answers and every recipe is wired
	./alidade list && ./alidade check
