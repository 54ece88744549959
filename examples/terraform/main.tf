# Tenants as code: for each of them a project with its origins and its credits, and an app that may send requests to its deployments.
#
#   cd examples/terraform
#   export TENANTRY_TOKEN=$ada TF_VAR_organization=acme
#   terraform init && terraform apply
#
# It needs no provider but the one that Terraform has built in: each resource is a call of the API, by call.sh. The token is read from
# the environment, and nothing secret is in the state. What is changed by others is not noticed; `-replace` makes a thing anew.

terraform {
  required_version = ">= 1.4"
}

variable "url" {
  default = "http://127.0.0.1:8787"
}

variable "organization" {
  default = "acme"
}

variable "tenants" {
  description = "By the name of their project: where their pages are, and what they may use up in a period (null: no limit)"
  type        = map(object({ origins = optional(list(string), []), credits = optional(number) }))
  default = {
    shop = { origins = ["https://shop.example.com"], credits = 100 }
    lab  = {}
  }
}

resource "terraform_data" "project" {
  for_each         = var.tenants
  triggers_replace = [var.url, var.organization]
  input            = "${var.url}/v2.1/projects/${each.key}"

  provisioner "local-exec" {
    command     = "${path.module}/call.sh POST ${var.url}/v2.1/projects"
    environment = { BODY = jsonencode({ name = each.key, organization_name = var.organization }) }
  }

  # With all that is in it; the app's token is nobody's then.
  provisioner "local-exec" {
    when    = destroy
    command = "${path.module}/call.sh DELETE ${self.input}"
  }
}

resource "terraform_data" "settings" {
  for_each         = var.tenants
  triggers_replace = [terraform_data.project[each.key].id, each.value]

  provisioner "local-exec" {
    command     = "${path.module}/call.sh PATCH ${terraform_data.project[each.key].output}"
    environment = { BODY = jsonencode({ cors_origins = each.value.origins, credits = each.value.credits }) }
  }
}

resource "terraform_data" "app" {
  for_each         = var.tenants
  triggers_replace = [terraform_data.project[each.key].id]

  # Its token is shown once: it goes into a file that only you can read. Move it to where the app has its secrets.
  provisioner "local-exec" {
    command     = "${path.module}/app.sh ${terraform_data.project[each.key].output} app-${each.key}.json"
    environment = { BODY = jsonencode({ name = "app", description = "Made by Terraform" }) }
  }
}
