/**
 * CEL expressions, checked and unchecked, as access control conditions carry them.
 *
 * @module
 */

export {
  type CheckedExpr,
  CheckedExprSchema,
  type Reference,
  ReferenceSchema,
  type Type,
  type Type_AbstractType,
  Type_AbstractTypeSchema,
  type Type_FunctionType,
  Type_FunctionTypeSchema,
  type Type_ListType,
  Type_ListTypeSchema,
  type Type_MapType,
  Type_MapTypeSchema,
  Type_PrimitiveType,
  Type_PrimitiveTypeSchema,
  Type_WellKnownType,
  Type_WellKnownTypeSchema,
  TypeSchema,
} from '../gen/google/api/expr/v1alpha1/checked_pb.js';
export {
  type Constant,
  ConstantSchema,
  type Expr,
  type Expr_Call,
  Expr_CallSchema,
  type Expr_Comprehension,
  Expr_ComprehensionSchema,
  type Expr_CreateList,
  Expr_CreateListSchema,
  type Expr_CreateStruct,
  type Expr_CreateStruct_Entry,
  Expr_CreateStruct_EntrySchema,
  Expr_CreateStructSchema,
  type Expr_Ident,
  Expr_IdentSchema,
  type Expr_Select,
  Expr_SelectSchema,
  ExprSchema,
  type SourceInfo,
  SourceInfoSchema,
} from '../gen/google/api/expr/v1alpha1/syntax_pb.js';
